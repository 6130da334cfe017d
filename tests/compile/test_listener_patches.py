"""What EnvoyFilters do to listeners, their filter chains and all kinds of filters."""

from typing import Any

import pytest

from tests.compile.patching import (
    BEFORE_ROUTER,
    MANAGER,
    ROUTER,
    STATS,
    TYPE,
    compiled,
    envoy_filter,
    http_filters,
    manager,
    patch,
)

LUA = {"name": "lua", "typed_config": {"@type": f"{TYPE}.lua.v3.Lua"}}


def network_filters(config: dict[str, Any], listener: str) -> list[str]:
    return [one["name"] for one in config["Listener"][listener]["filter_chains"][-1]["filters"]]


@pytest.mark.parametrize(
    ("context", "changed"),
    [
        ("SIDECAR_INBOUND", {"inbound|50051", "inbound|8080"}),
        ("SIDECAR_OUTBOUND", {"outbound"}),
        ("ANY", {"inbound|50051", "inbound|8080", "outbound"}),
        ("GATEWAY", set()),
    ],
)
def test_a_filter_goes_into_the_listeners_of_its_context(context: str, changed: set[str]) -> None:
    config = compiled(envoy_filter(patch("HTTP_FILTER", "INSERT_BEFORE", LUA, context, **BEFORE_ROUTER)))
    assert {name for name in config["Listener"] if name != "health" and "lua" in http_filters(config, name)} == changed
    assert "lua" not in http_filters(config, "health"), "the mesh's own listener is nobody's to change"


def test_a_gateway_s_listener_is_changed_by_its_port_or_by_the_name_istio_gives_it() -> None:
    for listener in ({"portNumber": 80}, {"name": "0.0.0.0_80"}, {}):
        match = {"listener": {**listener, **BEFORE_ROUTER["listener"]}}
        policy = envoy_filter(patch("HTTP_FILTER", "INSERT_BEFORE", LUA, "GATEWAY", **match))
        config = compiled(policy, workload="edge-0")
        assert http_filters(config, "gateway|80")[-2:] == ["lua", ROUTER]
        assert "lua" not in http_filters(config, "outbound")
    other = {"listener": {"portNumber": 81}}
    config = compiled(envoy_filter(patch("HTTP_FILTER", "INSERT_FIRST", LUA, "GATEWAY", **other)), workload="edge-0")
    assert "lua" not in http_filters(config, "gateway|80")


@pytest.mark.parametrize(
    ("operation", "match", "expected"),
    [
        ("INSERT_BEFORE", BEFORE_ROUTER, [STATS, "lua", ROUTER]),
        ("INSERT_AFTER", BEFORE_ROUTER, [STATS, ROUTER, "lua"]),
        ("INSERT_BEFORE", {}, ["lua", STATS, ROUTER]),
        ("INSERT_FIRST", {}, ["lua", STATS, ROUTER]),
        ("ADD", {}, [STATS, ROUTER, "lua"]),
        ("REPLACE", BEFORE_ROUTER, [STATS, "lua"]),
        ("REMOVE", BEFORE_ROUTER, [STATS]),
    ],
)
def test_filters_are_put_where_the_operation_says(operation: str, match: dict[str, Any], expected: list[str]) -> None:
    value = None if operation == "REMOVE" else LUA
    config = compiled(envoy_filter(patch("HTTP_FILTER", operation, value, "SIDECAR_INBOUND", **match)))
    assert http_filters(config, "inbound|50051") == expected


def test_a_port_s_listener_is_found_by_the_port_and_by_its_chain() -> None:
    chain = {"filterChain": {"destinationPort": 8080, "name": "0.0.0.0_8080", "transportProtocol": "raw_buffer"}}
    for match in ({"portNumber": 8080}, {"name": "virtualInbound", "portNumber": 8080}, chain):
        policy = envoy_filter(patch("HTTP_FILTER", "INSERT_FIRST", LUA, "SIDECAR_INBOUND", listener=match))
        config = compiled(policy)
        assert "lua" in http_filters(config, "inbound|8080")
        assert "lua" not in http_filters(config, "inbound|50051")


def test_a_filter_s_configuration_is_merged_into_what_is_there() -> None:
    config = {"@type": f"{TYPE}.router.v3.Router", "suppress_envoy_headers": True}
    value = {"name": ROUTER, "typed_config": config}
    found = compiled(envoy_filter(patch("HTTP_FILTER", "MERGE", value, "SIDECAR_INBOUND", **BEFORE_ROUTER)))
    router = manager(found, "inbound|50051")["http_filters"][-1]
    assert router["typed_config"] == {"@type": f"{TYPE}.router.v3.Router", "suppress_envoy_headers": True}


def test_a_filter_merged_with_one_of_another_type_stays_what_it_is() -> None:
    value = {"name": ROUTER, "typed_config": {"@type": f"{TYPE}.lua.v3.Lua"}}
    found = compiled(envoy_filter(patch("HTTP_FILTER", "MERGE", value, "SIDECAR_INBOUND", **BEFORE_ROUTER)))
    router = manager(found, "inbound|50051")["http_filters"][-1]
    assert router["typed_config"]["@type"] == f"{TYPE}.router.v3.Router"


def test_the_connection_manager_itself_is_merged() -> None:
    type_url = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    value = {"typed_config": {"@type": type_url, "xff_num_trusted_hops": 2, "stream_idle_timeout": "5s"}}
    match = {"listener": {"filterChain": {"filter": {"name": MANAGER}}}}
    found = compiled(envoy_filter(patch("NETWORK_FILTER", "MERGE", value, "SIDECAR_INBOUND", **match)))
    merged = manager(found, "inbound|50051")
    assert (merged["xff_num_trusted_hops"], merged["stream_idle_timeout"]) == (2, "5s")
    assert merged["stat_prefix"] == "inbound_50051;", "what the patch does not say stays"


def test_network_filters_are_put_before_the_connection_manager() -> None:
    value = {
        "name": "limit",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit",
            "stat_prefix": "a",
            "max_connections": 5,
        },
    }
    match = {"listener": {"filterChain": {"filter": {"name": MANAGER}}}}
    found = compiled(envoy_filter(patch("NETWORK_FILTER", "INSERT_BEFORE", value, "SIDECAR_INBOUND", **match)))
    assert network_filters(found, "inbound|50051") == ["limit", MANAGER]


def test_listeners_and_chains_are_merged_and_removed() -> None:
    merged = compiled(envoy_filter(patch("LISTENER", "MERGE", {"per_connection_buffer_limit_bytes": 5})))
    assert merged["Listener"]["outbound"]["per_connection_buffer_limit_bytes"] == 5
    removed = compiled(envoy_filter(patch("LISTENER", "REMOVE", None, "SIDECAR_OUTBOUND")))
    assert "outbound" not in removed["Listener"]
    chain = {"listener": {"filterChain": {"transportProtocol": "raw_buffer"}}}
    secured = compiled(envoy_filter(patch("FILTER_CHAIN", "REMOVE", None, "SIDECAR_INBOUND", **chain)))
    assert [one["name"] for one in secured["Listener"]["inbound|50051"]["filter_chains"]] == ["mtls"]


def test_listener_filters_are_put_where_the_operation_says() -> None:
    value = {
        "name": "proxy",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"
        },
    }
    inspector = "envoy.filters.listener.tls_inspector"
    policy = envoy_filter(
        patch("LISTENER_FILTER", "INSERT_BEFORE", value, "SIDECAR_INBOUND", listener={"listenerFilter": inspector})
    )
    found = compiled(policy)["Listener"]["inbound|50051"]["listener_filters"]
    assert [one["name"] for one in found] == ["proxy", inspector]


def test_all_that_is_passed_on_goes_by_the_name_istio_has_for_it() -> None:
    told = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec: {egress: [{hosts: ["./inventory.shop.svc.cluster.local"]}]}
"""
    change = patch("CLUSTER", "MERGE", {"connect_timeout": "3s"}, cluster={"name": "PassthroughCluster"})
    clusters = compiled(told, envoy_filter(change))["Cluster"]
    changed = {name for name, one in clusters.items() if one["connect_timeout"] == "3s"}
    assert "PassthroughCluster" in changed
    assert "passthrough|50051||catalog.shop.svc.cluster.local" in changed
    assert not any(name.startswith("outbound|") for name in changed)
