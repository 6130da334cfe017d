"""Connections a sidecar has nothing to say about go on to where the program was going, in plaintext."""

from typing import Any

import pytest

from tests.compile.compiling import configuration, destination_rule
from tests.compile.test_service_entry import service_entry
from tests.compile.test_sidecar import ARCHIVE_WEB, NATS, SHOP_WEB, TILL, sidecar, virtual_service

TOLD = sidecar(f'egress: [{{hosts: ["./{SHOP_WEB}"]}}]')
REGISTRY_ONLY = "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"
DB = "hosts: [db.example.com], resolution: DNS, ports: [{number: 5432, name: db, protocol: TLS}]"


def passed_on(config: dict[str, Any]) -> set[str]:
    return {name.split("|")[3] for name in config["Cluster"] if name.startswith("passthrough|")}


def last_cluster(config: dict[str, Any], listener: str) -> str:
    found = config["Listener"][listener]["filter_chains"][-1]["filters"][0]["typed_config"]["cluster"]
    return str(found)


def test_services_the_sidecar_is_not_told_of_are_reached_without_mutual_tls() -> None:
    config = configuration("till-v1-0", TOLD)
    assert passed_on(config) == {ARCHIVE_WEB, NATS, TILL}
    name = f"passthrough|7000||{ARCHIVE_WEB}"
    assert not {"transport_socket", "transport_socket_matches"} & set(config["Cluster"][name])
    (locality,) = config["ClusterLoadAssignment"][name]["endpoints"]
    assert all("envoy.transport_socket_match" not in str(one) for one in locality["lb_endpoints"])


def test_no_policy_for_them_holds() -> None:
    limits = destination_rule(f"host: {ARCHIVE_WEB}, trafficPolicy: {{connectionPool: {{tcp: {{maxConnections: 7}}}}}}")
    config = configuration("till-v1-0", TOLD, limits, virtual_service(ARCHIVE_WEB, SHOP_WEB))
    (threshold,) = config["Cluster"][f"passthrough|7000||{ARCHIVE_WEB}"]["circuit_breakers"]["thresholds"]
    assert threshold["max_connections"] == 2**32 - 1
    (host,) = [
        one for one in config["RouteConfiguration"]["outbound"]["virtual_hosts"] if "web.archive" in one["domains"]
    ]
    (route,) = host["routes"]
    assert route["route"] == {
        "cluster": f"passthrough|7000||{ARCHIVE_WEB}",
        "timeout": "0s",
        "max_grpc_timeout": "0s",
    }


def test_a_stream_is_dialled_at_the_port_it_always_had() -> None:
    assert last_cluster(configuration("till-v1-0", TOLD), f"tcp|4222|{NATS}") == f"passthrough|4222||{NATS}"


def test_a_port_only_another_namespace_gives_a_host_is_passed_on() -> None:
    ports = "ports: [{number: 80, name: http, protocol: HTTP}]"
    own = service_entry(f"hosts: [db.example.com], resolution: DNS, {ports}", name="own")
    others = service_entry(DB, name="others", namespace="archive")
    config = configuration("till-v1-0", own, others)
    assert last_cluster(config, "tcp|5432|db.example.com") == "passthrough|5432||db.example.com"
    assert "passthrough|80||db.example.com" not in config["Cluster"]


def test_nothing_is_passed_on_where_only_the_registry_may_be_called() -> None:
    config = configuration("till-v1-0", TOLD, mesh_config=REGISTRY_ONLY)
    assert passed_on(config) == set()
    assert f"tcp|4222|{NATS}" not in config["Listener"]


def test_who_is_told_of_everything_passes_nothing_on() -> None:
    assert passed_on(configuration("till-v1-0")) == set()


@pytest.mark.parametrize(
    ("mesh_config", "cluster"), [("", "passthrough|5432||db.example.com"), (REGISTRY_ONLY, "BlackHoleCluster")]
)
def test_tls_with_another_server_name_is_a_connection_to_an_unknown_host(mesh_config: str, cluster: str) -> None:
    config = configuration("till-v1-0", service_entry(DB), mesh_config=mesh_config)
    assert last_cluster(config, "tcp|5432|db.example.com") == cluster
    assert ("passthrough|5432||db.example.com" in config["Cluster"]) is (not mesh_config)


def test_a_proxy_of_the_mesh_takes_it_instead() -> None:
    proxy = f"egressProxy: {{host: {ARCHIVE_WEB}, port: {{number: 7000}}}}"
    config = configuration(
        "till-v1-0", service_entry(DB), sidecar(f"outboundTrafficPolicy: {{mode: ALLOW_ANY, {proxy}}}")
    )
    assert last_cluster(config, "tcp|5432|db.example.com") == f"outbound|7000||{ARCHIVE_WEB}"
    assert passed_on(config) == set()


def test_a_host_outside_is_looked_up() -> None:
    found = configuration("till-v1-0", service_entry(DB))["Cluster"]["passthrough|5432||db.example.com"]
    (locality,) = found["load_assignment"]["endpoints"]
    address = locality["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
    assert (found["type"], address) == ("STRICT_DNS", {"address": "db.example.com", "port_value": 5432})
