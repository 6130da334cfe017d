"""What EnvoyFilters do to the configuration of a proxy, in the words of Envoy's own API."""

import json
from typing import Any

import pytest
import yaml

from loopmesh.compile import compiled_files
from loopmesh.policies import PolicySet, check_policies
from tests.policies.reading import APPLICATION

MANAGER = "envoy.filters.network.http_connection_manager"
STATS = "envoy.filters.http.grpc_stats"
ROUTER = "envoy.filters.http.router"
TYPE = "type.googleapis.com/envoy.extensions.filters.http"
LUA = {"name": "lua", "typed_config": {"@type": f"{TYPE}.lua.v3.Lua"}}
BEFORE_ROUTER = {"listener": {"filterChain": {"filter": {"name": MANAGER, "subFilter": {"name": ROUTER}}}}}
GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec:
  selector: {istio: edge}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: door, namespace: shop}
spec:
  hosts: ["*"]
  gateways: [door]
  http: [{name: to-catalog, route: [{destination: {host: catalog}}]}]
"""


def patch(target: str, operation: str, value: object = None, context: str = "ANY", **match: Any) -> dict[str, Any]:
    change = {"operation": operation} | ({"value": value} if value is not None else {})
    return {"applyTo": target, "match": {"context": context, **match}, "patch": change}


def envoy_filter(
    *patches: dict[str, Any], name: str = "a", namespace: str = "shop", app: str = "", priority: int = 0
) -> str:
    selector = {"workloadSelector": {"labels": {"app": app}}} if app else {}
    spec = {**selector, "priority": priority, "configPatches": list(patches)}
    head = {"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter"}
    return json.dumps({**head, "metadata": {"name": name, "namespace": namespace}, "spec": spec})


def compiled(*policies: str, workload: str = "orders-v1-0") -> dict[str, Any]:
    """A workload's configuration by resource type and name."""
    policy_set = PolicySet.parse([("a.yaml", "\n---\n".join([GATEWAY, *policies]).encode())], APPLICATION.namespace)
    files = compiled_files(APPLICATION, check_policies(policy_set, APPLICATION))
    return dict(yaml.safe_load(files[f"{workload}.yaml"]))


def http_filters(config: dict[str, Any], listener: str) -> list[str]:
    return [one["name"] for one in manager(config, listener).get("http_filters", [])]


def manager(config: dict[str, Any], listener: str) -> dict[str, Any]:
    return dict(config["Listener"][listener]["filter_chains"][-1]["filters"][-1]["typed_config"])


def network_filters(config: dict[str, Any], listener: str) -> list[str]:
    return [one["name"] for one in config["Listener"][listener]["filter_chains"][-1]["filters"]]


def hosts(config: dict[str, Any], routes: str = "outbound") -> dict[str, Any]:
    return {host["name"]: host for host in config["RouteConfiguration"][routes]["virtual_hosts"]}


CATALOG = "catalog.shop.svc.cluster.local"
ORDERS = "orders.shop.svc.cluster.local"


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


@pytest.mark.parametrize(
    ("match", "changed"),
    [
        ({"service": CATALOG}, [f"outbound|50051||{CATALOG}"]),
        ({"name": f"outbound|50051||{ORDERS}"}, [f"outbound|50051||{ORDERS}"]),
        ({"portNumber": 8080}, ["inbound|8080||", f"outbound|8080||{ORDERS}"]),
        ({"service": ORDERS, "portNumber": 8080}, ["inbound|8080||", f"outbound|8080||{ORDERS}"]),
        ({"subset": "v9"}, []),
    ],
)
def test_clusters_are_found_by_name_or_by_service_port_and_subset(match: dict[str, Any], changed: list[str]) -> None:
    found = compiled(envoy_filter(patch("CLUSTER", "MERGE", {"connect_timeout": "9s"}, cluster=match)))
    assert sorted(name for name, one in found["Cluster"].items() if one["connect_timeout"] == "9s") == changed


def test_merged_lists_grow_and_can_be_replaced() -> None:
    value = {"circuit_breakers": {"thresholds": [{"max_requests": 5}]}}
    counts = {}
    for operation in ("MERGE", "MERGE_AND_REPLACE_LIST"):
        found = compiled(envoy_filter(patch("CLUSTER", operation, value, cluster={"service": CATALOG})))
        counts[operation] = len(found["Cluster"][f"outbound|50051||{CATALOG}"]["circuit_breakers"]["thresholds"])
    assert counts == {"MERGE": 2, "MERGE_AND_REPLACE_LIST": 1}


def test_a_cluster_s_tls_is_changed_among_its_transport_sockets() -> None:
    tls = {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "max_session_keys": 0,
            "sni": "other",
        },
    }
    found = compiled(envoy_filter(patch("CLUSTER", "MERGE", {"transport_socket": tls}, cluster={"service": CATALOG})))
    cluster = found["Cluster"][f"outbound|50051||{CATALOG}"]
    secured = cluster["transport_socket_matches"][0]["transport_socket"]["typed_config"]
    assert secured["sni"] == "other"
    assert secured["common_tls_context"]["alpn_protocols"], "the rest of the context stays"
    assert "transport_socket" not in cluster


def test_clusters_are_added_and_removed() -> None:
    new = {"name": "extra", "type": "STATIC", "connect_timeout": "1s"}
    found = compiled(
        envoy_filter(patch("CLUSTER", "ADD", new), patch("CLUSTER", "REMOVE", cluster={"service": CATALOG}))
    )
    assert "extra" in found["Cluster"]
    assert f"outbound|50051||{CATALOG}" not in found["Cluster"]
    inbound_only = envoy_filter(patch("CLUSTER", "ADD", new, "SIDECAR_INBOUND"))
    assert "extra" in compiled(inbound_only)["Cluster"]
    assert "extra" not in compiled(inbound_only, workload="edge-0")["Cluster"]


def test_virtual_hosts_are_found_by_port_name_and_domain() -> None:
    value = {"request_headers_to_add": [{"header": {"key": "x-a", "value": "b"}}]}
    for match in (
        {"portNumber": 8080},
        {"name": "8080"},
        {"vhost": {"name": f"{ORDERS}:8080"}},
        {"portNumber": 8080, "vhost": {"domainName": ORDERS}},
    ):
        policy = envoy_filter(patch("VIRTUAL_HOST", "MERGE", value, "SIDECAR_OUTBOUND", routeConfiguration=match))
        changed = [name for name, host in hosts(compiled(policy)).items() if "request_headers_to_add" in host]
        assert changed == [f"{ORDERS}:8080"], match


def test_virtual_hosts_are_added_replaced_and_removed() -> None:
    host = {"name": "new", "domains": ["new.example.com"], "routes": []}
    meant = {"routeConfiguration": {"vhost": {"name": f"{ORDERS}:8080"}}}
    added = hosts(compiled(envoy_filter(patch("VIRTUAL_HOST", "ADD", host, "SIDECAR_OUTBOUND"))))
    assert list(added)[-1] == "new"
    assert added["new"]["domains"] == ["new.example.com", "new.example.com:*"], "whatever port is dialled"
    replaced = hosts(compiled(envoy_filter(patch("VIRTUAL_HOST", "REPLACE", host, "SIDECAR_OUTBOUND", **meant))))
    assert f"{ORDERS}:8080" not in replaced
    assert replaced["new"]["domains"] == ["new.example.com", "new.example.com:8080"]
    removed = hosts(compiled(envoy_filter(patch("VIRTUAL_HOST", "REMOVE", None, "SIDECAR_OUTBOUND", **meant))))
    assert f"{ORDERS}:8080" not in removed


def test_routes_of_a_gateway_are_found_by_name_and_action() -> None:
    value = {"route": {"timeout": "7s"}}
    for route in ({"name": "to-catalog"}, {"action": "ROUTE"}, {}):
        match = {"routeConfiguration": {"portNumber": 80, "vhost": {"name": "*:80", "route": route}}}
        found = compiled(envoy_filter(patch("HTTP_ROUTE", "MERGE", value, "GATEWAY", **match)), workload="edge-0")
        assert hosts(found, "http.80")["*:80"]["routes"][0]["route"]["timeout"] == "7s", route
    match = {"routeConfiguration": {"vhost": {"route": {"action": "REDIRECT"}}}}
    found = compiled(envoy_filter(patch("HTTP_ROUTE", "MERGE", value, "GATEWAY", **match)), workload="edge-0")
    assert hosts(found, "http.80")["*:80"]["routes"][0]["route"]["timeout"] == "0s"


@pytest.mark.parametrize(
    ("operation", "route", "expected"),
    [
        ("ADD", {}, ["to-catalog", "new"]),
        ("INSERT_BEFORE", {"name": "to-catalog"}, ["new", "to-catalog"]),
        ("INSERT_AFTER", {"name": "to-catalog"}, ["to-catalog", "new"]),
        ("INSERT_FIRST", {"name": "to-catalog"}, ["new", "to-catalog"]),
        ("INSERT_FIRST", {"name": "nobody"}, ["to-catalog"]),
        ("REMOVE", {"name": "to-catalog"}, []),
    ],
)
def test_routes_are_put_where_the_operation_says(operation: str, route: dict[str, str], expected: list[str]) -> None:
    value = {"name": "new", "match": {"path": "/new"}, "direct_response": {"status": 200}}
    change = None if operation == "REMOVE" else value
    match = {"routeConfiguration": {"vhost": {"name": "*:80"} | ({"route": route} if route else {})}}
    found = compiled(envoy_filter(patch("HTTP_ROUTE", operation, change, "GATEWAY", **match)), workload="edge-0")
    assert [one["name"] for one in hosts(found, "http.80")["*:80"].get("routes", [])] == expected


def test_routes_to_the_program_are_those_of_the_inbound_context() -> None:
    value = {"route": {"timeout": "7s"}}
    match = {"routeConfiguration": {"portNumber": 50051, "name": "inbound|50051||"}}
    found = compiled(envoy_filter(patch("HTTP_ROUTE", "MERGE", value, "SIDECAR_INBOUND", **match)))
    timeouts = {
        port: manager(found, f"inbound|{port}")["route_config"]["virtual_hosts"][0]["routes"][0]["route"]["timeout"]
        for port in (50051, 8080)
    }
    assert timeouts == {50051: "7s", 8080: "0s"}


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


def named(name: str) -> dict[str, Any]:
    value = {"name": name, "typed_config": {"@type": f"{TYPE}.lua.v3.Lua"}}
    return patch("HTTP_FILTER", "INSERT_BEFORE", value, "SIDECAR_INBOUND", **BEFORE_ROUTER)


def test_patches_come_in_by_priority_then_from_the_root_namespace_then_as_read() -> None:
    found = compiled(
        envoy_filter(named("late"), name="late", priority=1),
        envoy_filter(named("second"), name="second"),
        envoy_filter(named("third"), name="third"),
        envoy_filter(named("first"), name="first", namespace="istio-system"),
        envoy_filter(named("early"), name="early", priority=-1),
    )
    order = [STATS, "early", "first", "second", "third", "late", ROUTER]
    assert http_filters(found, "inbound|50051") == order


def test_only_selected_workloads_are_changed() -> None:
    policy = envoy_filter(named("lua"), app="orders")
    assert "lua" in http_filters(compiled(policy), "inbound|50051")
    assert "lua" not in http_filters(compiled(policy, workload="catalog-v1-0"), "inbound|50051")
    everywhere = envoy_filter(named("lua"), namespace="istio-system")
    assert "lua" in http_filters(compiled(everywhere, workload="catalog-v1-0"), "inbound|50051")


def test_what_proxies_share_is_not_changed_for_those_not_selected() -> None:
    policy = envoy_filter(patch("CLUSTER", "MERGE", {"connect_timeout": "9s"}), app="orders")
    name = f"outbound|50051||{CATALOG}"
    assert compiled(policy)["Cluster"][name]["connect_timeout"] == "9s"
    assert compiled(policy, workload="catalog-v1-0")["Cluster"][name]["connect_timeout"] == "10s"


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


def test_a_virtual_host_is_added_to_ports_that_some_service_has() -> None:
    host = {"name": "own", "domains": ["own"], "routes": []}
    for port, is_there in ((50051, True), (1, False)):
        match = {"routeConfiguration": {"portNumber": port}}
        config = compiled(envoy_filter(patch("VIRTUAL_HOST", "ADD", host, "SIDECAR_OUTBOUND", **match)))
        names = [one["name"] for one in config["RouteConfiguration"]["outbound"]["virtual_hosts"]]
        assert ("own" in names) is is_there
