"""Which routes proxies get: chosen, merged, delegated, and for whom."""

from typing import Any

import pytest

from tests.compile.compiling import compiled_mesh, configuration
from tests.compile.test_service_entry import service_entry

TILL = "till.shop.svc.cluster.local"


def virtual_service(http: str, *, name: str = "routes", hosts: str = "[till]", more: str = "") -> str:
    head = "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
    return f"{head}metadata: {{name: {name}, namespace: shop}}\nspec: {{hosts: {hosts}, {more} http: [{http}]}}\n"


def delegate(http: str, *, name: str) -> str:
    return virtual_service(http, name=name).replace("hosts: [till], ", "")


def answer(status: int, match: str = "") -> str:
    return f"{{{match}{', ' if match else ''}directResponse: {{status: {status}}}}}"


def routes(*policies: str, workload: str = "till-v1-0", host: str = TILL) -> list[dict[str, Any]]:
    """Those of the first virtual host for a service or name."""
    found = configuration(workload, *policies)["RouteConfiguration"]["outbound"]["virtual_hosts"]
    return next(one["routes"] for one in found if one["name"].startswith(f"{host}:"))


def domains(*policies: str) -> dict[str, list[str]]:
    """Of each virtual host."""
    found = configuration("till-v1-0", *policies)["RouteConfiguration"]["outbound"]["virtual_hosts"]
    return {one["name"]: one["domains"] for one in found}


def statuses(found: list[dict[str, Any]]) -> list[int]:
    return [route["direct_response"]["status"] for route in found if "direct_response" in route]


def test_the_policy_for_exactly_the_host_comes_before_those_for_wildcards() -> None:
    wide = virtual_service(answer(202), name="a-wide", hosts='["*.svc.cluster.local"]')
    narrow = virtual_service(answer(203), name="b-narrow", hosts='["*.shop.svc.cluster.local"]')
    exact = virtual_service(answer(204), name="c-exact")
    assert statuses(routes(wide, narrow, exact)) == [204]
    assert statuses(routes(wide, narrow)) == [203]
    assert statuses(routes(wide)) == [202]


def test_a_policy_none_of_whose_matches_is_for_the_caller_leaves_the_host_to_the_service() -> None:
    (route,) = routes(virtual_service(answer(201, "match: [{sourceNamespace: nowhere}]")))
    assert route["route"]["cluster"].endswith(TILL)


def test_a_service_is_known_at_port_80_by_its_full_name_which_alone_still_means_the_service() -> None:
    web = "web.archive.svc.cluster.local"
    found = domains(virtual_service(answer(201), hosts=f"[{web}]"))
    assert found[f"{web}:80"] == [f"{web}:80"]
    assert web in found[f"{web}:7000"]


def test_hosts_of_a_policy_are_known_at_each_other_s_ports() -> None:
    found = domains(virtual_service(answer(201), hosts="[nats, web.archive.svc.cluster.local, other.example.com]"))
    ports = {name.rpartition(":")[2] for name in found if name.startswith("nats.")}
    assert ports == {name.rpartition(":")[2] for name in found if name.startswith("other.")} == {"80", "7000"}


def test_a_wildcard_lends_its_ports_only_where_no_policy_is_closer_to_the_service() -> None:
    wide = virtual_service(answer(201), name="a-wide", hosts='["*.shop.svc.cluster.local", other.example.com]')
    web = virtual_service(answer(202), name="b-web", hosts="[web]")
    assert {name for name in domains(wide, web) if name.startswith("other.")} == {"other.example.com:80"}
    assert "other.example.com:8000" in domains(wide)


def test_a_wildcard_is_not_known_at_a_port_where_a_host_s_wildcard_is_above_it() -> None:
    ports = "ports: [{number: 80, name: http, protocol: HTTP}]"
    entry = service_entry(f'hosts: ["*.example.com"], resolution: STATIC, endpoints: [{{address: 10.0.0.1}}], {ports}')
    found = domains(entry, virtual_service(answer(201), hosts='["*.shop.example.com", nats, "*.example.org"]'))
    assert {name for name in found if name.startswith("*.")} == {"*.example.com:80", "*.example.org:80"}


def test_nothing_follows_a_route_that_takes_everything() -> None:
    everything = "match: [{uri: {prefix: /}}]"
    found = routes(virtual_service(f"{answer(201, everything)}, {answer(202, 'match: [{uri: {prefix: /a}}]')}"))
    assert statuses(found) == [201]


def test_callers_share_their_routes_unless_one_asks_for_their_labels() -> None:
    alike = compiled_mesh(virtual_service(answer(201)))
    assert alike["web-v1-0"].routes["outbound"] is alike["web-v2-0"].routes["outbound"]
    policy = virtual_service(answer(201, "match: [{sourceLabels: {version: v2}}]"))
    assert statuses(routes(policy, workload="web-v1-0")) == []
    assert statuses(routes(policy, workload="web-v2-0")) == [201]


@pytest.mark.parametrize(
    ("outer", "own", "expected"),
    [
        ("uri: {prefix: /a}", "uri: {prefix: /ab}", [{"prefix": "/ab"}]),
        ("uri: {prefix: /a}", "uri: {exact: /ab}", [{"path": "/ab"}]),
        ("uri: {prefix: /a}", "method: {exact: GET}", [{"prefix": "/a"}]),
        ("uri: {prefix: /ab}", "uri: {prefix: /a}", []),
        ("uri: {exact: /a}", "uri: {prefix: /a}", []),
        ("uri: {prefix: /a}", 'uri: {regex: "/a.*"}', []),
        ("port: 80", "port: 81", []),
        ("ignoreUriCase: true", "uri: {prefix: /a}", []),
        ("headers: {x-a: {prefix: a}}", "headers: {x-a: {exact: b}}", []),
        ("sourceNamespace: shop", "uri: {prefix: /a}", []),
        ("gateways: [mesh]", "gateways: [mesh, edge]", []),
    ],
)
def test_a_delegate_s_route_counts_within_the_matches_of_who_delegates(
    outer: str, own: str, expected: list[dict[str, str]]
) -> None:
    root = virtual_service(f"{{match: [{{{outer}}}], delegate: {{name: inner}}}}")
    inner = delegate(answer(201, f"match: [{{{own}}}]"), name="inner")
    found = [route["match"] for route in routes(root, inner) if "direct_response" in route]
    assert [{key: match[key] for key in ("prefix", "path") if key in match} for match in found] == expected


def test_a_delegate_s_own_settings_come_before_those_of_who_delegates() -> None:
    route = "route: [{destination: {host: till}}]"
    root = virtual_service("{name: outer, delegate: {name: inner}, timeout: 1s, retries: {attempts: 5}}")
    inner = delegate(
        f"{{name: own, match: [{{uri: {{prefix: /a}}}}], timeout: 2s, {route}}}, {{{route}}}", name="inner"
    )
    own, other = routes(root, inner)
    assert (own["name"], own["route"]["timeout"], own["route"]["retry_policy"]["num_retries"]) == ("outer-own", "2s", 5)
    assert (other["name"], other["route"]["timeout"]) == ("outer", "1s")


def test_a_rewritten_host_is_that_of_the_route_before_that_of_its_destination() -> None:
    changes = "headers: {request: {set: {host: destination.example.com}}}"
    only = f"{{match: [{{uri: {{prefix: /a}}}}], route: [{{destination: {{host: till}}, {changes}}}]}}"
    both = f"{{rewrite: {{authority: route.example.com}}, route: [{{destination: {{host: till}}, {changes}}}]}}"
    found = [route["route"]["host_rewrite_literal"] for route in routes(virtual_service(f"{only}, {both}"))]
    assert found == ["destination.example.com", "route.example.com"]
