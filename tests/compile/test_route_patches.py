"""What EnvoyFilters do to virtual hosts and routes."""

from typing import Any

import pytest

from tests.compile.patching import ORDERS, compiled, envoy_filter, manager, patch


def hosts(config: dict[str, Any], routes: str = "outbound") -> dict[str, Any]:
    return {host["name"]: host for host in config["RouteConfiguration"][routes]["virtual_hosts"]}


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


def test_a_name_that_a_patch_has_given_need_not_end_in_a_port() -> None:
    renamed = patch("VIRTUAL_HOST", "MERGE", {"name": "x:²"}, "SIDECAR_OUTBOUND")
    after = patch("HTTP_ROUTE", "MERGE", {"name": "y"}, "SIDECAR_OUTBOUND", routeConfiguration={"portNumber": 8080})
    assert set(hosts(compiled(envoy_filter(renamed, after)))) == {"x:²"}


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


def test_a_virtual_host_is_added_to_ports_that_some_service_has() -> None:
    host = {"name": "own", "domains": ["own"], "routes": []}
    for port, is_there in ((50051, True), (1, False)):
        match = {"routeConfiguration": {"portNumber": port}}
        config = compiled(envoy_filter(patch("VIRTUAL_HOST", "ADD", host, "SIDECAR_OUTBOUND", **match)))
        names = [one["name"] for one in config["RouteConfiguration"]["outbound"]["virtual_hosts"]]
        assert ("own" in names) is is_there
