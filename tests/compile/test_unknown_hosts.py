"""What becomes of calls to hosts nobody has declared, by the policies of the mesh and of a workload's Sidecar."""

from typing import Any

import pytest

from tests.compile.compiling import configuration
from tests.compile.test_sidecar import sidecar

MODE = "outboundTrafficPolicy: {{mode: {}}}"


def last_host(config: dict[str, Any]) -> dict[str, Any]:
    return dict(config["RouteConfiguration"]["outbound"]["virtual_hosts"][-1])


def looks_names_up(config: dict[str, Any]) -> bool:
    return "envoy.filters.http.dynamic_forward_proxy" in str(config["Listener"]["outbound"])


@pytest.mark.parametrize(
    ("mesh_config", "name", "cluster"),
    [
        ("", "allow_any", "PassthroughCluster"),
        (MODE.format("ALLOW_ANY"), "allow_any", "PassthroughCluster"),
        (MODE.format("ALLOW_ANY_DYNAMIC_DNS"), "allow_any_dynamic_dns", "AllowAnyDynamicDNSCluster"),
    ],
)
def test_they_are_called_by_name_in_plaintext_without_retries(mesh_config: str, name: str, cluster: str) -> None:
    config = configuration("till-v1-0", mesh_config=mesh_config)
    host = last_host(config)
    assert (host["name"], host["domains"]) == (name, ["*"])
    assert host["routes"][0]["route"] == {"cluster": cluster, "timeout": "0s", "max_grpc_timeout": "0s"}
    assert "transport_socket" not in config["Cluster"][cluster]
    assert looks_names_up(config)


@pytest.mark.parametrize("said", ["mode: REGISTRY_ONLY", ""])
def test_they_are_refused_where_the_registry_alone_may_be_called(said: str) -> None:
    config = configuration("till-v1-0", mesh_config=f"outboundTrafficPolicy: {{{said}}}")
    assert last_host(config)["routes"][0]["direct_response"]["status"] == 502
    assert not looks_names_up(config)
    assert "PassthroughCluster" not in config["Cluster"]


def test_a_sidecar_says_it_for_its_workloads_and_the_mesh_for_the_others() -> None:
    policy = sidecar(MODE.format("ALLOW_ANY"), namespace="shop")
    mesh_config = MODE.format("REGISTRY_ONLY")
    assert last_host(configuration("till-v1-0", policy, mesh_config=mesh_config))["name"] == "allow_any"
    assert last_host(configuration("archive-web-v1-0", policy, mesh_config=mesh_config))["name"] == "block_all"
    silent = sidecar('egress: [{hosts: ["./*"]}]')
    assert last_host(configuration("till-v1-0", silent, mesh_config=mesh_config))["name"] == "block_all"


def test_only_the_meshs_own_limits_hold_for_them() -> None:
    said = "defaultTrafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}}"
    (threshold,) = configuration("till-v1-0", mesh_config=said)["Cluster"]["PassthroughCluster"]["circuit_breakers"][
        "thresholds"
    ]
    assert threshold["max_connections"] == 7


def test_a_proxy_of_the_mesh_takes_them_instead() -> None:
    proxy = "egressProxy: {host: web.archive.svc.cluster.local, port: {number: 7000}}"
    config = configuration("till-v1-0", sidecar(f"outboundTrafficPolicy: {{mode: ALLOW_ANY, {proxy}}}"))
    assert last_host(config)["routes"][0]["route"]["cluster"] == "outbound|7000||web.archive.svc.cluster.local"
    assert not looks_names_up(config)
    assert "PassthroughCluster" not in config["Cluster"]
