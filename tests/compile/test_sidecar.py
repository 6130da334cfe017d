"""What a sidecar is told of under Sidecar policies and exportTo."""

from typing import Any

import pytest

from tests.compile.compiling import compiled_mesh, configuration, destination_rule

SHOP_WEB = "web.shop.svc.cluster.local"
ARCHIVE_WEB = "web.archive.svc.cluster.local"
NATS = "nats.shop.svc.cluster.local"
TILL = "till.shop.svc.cluster.local"
REGISTRY_ONLY = "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"
ALL = {SHOP_WEB, ARCHIVE_WEB, NATS, TILL}


def sidecar(spec: str, *, name: str = "default", namespace: str = "shop") -> str:
    head = "apiVersion: networking.istio.io/v1\nkind: Sidecar\n"
    return f"{head}metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n"


def virtual_service(host: str, to: str, more: str = "", *, name: str = "routes", namespace: str = "shop") -> str:
    head = "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
    destination = f"{{destination: {{host: {to}, port: {{number: 7000}}}}}}"
    spec = f"hosts: [{host}], http: [{{name: {name}, route: [{destination}]}}]{more}"
    return f"{head}metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n"


def reached(config: dict[str, Any]) -> set[str]:
    """Hosts that some destination of the proxy leads to."""
    return {name.split("|")[3] for name in config["Cluster"] if name.startswith("outbound|")}


def called(config: dict[str, Any]) -> set[str]:
    """Hosts the program can call by name."""
    hosts = {one["name"].rpartition(":")[0] for one in config["RouteConfiguration"]["outbound"]["virtual_hosts"]}
    listeners = {name.split("|")[2] for name in config["Listener"] if name.startswith("tcp|")}
    return (hosts | listeners) - {""}


def test_proxies_that_see_the_same_share_the_messages() -> None:
    both = compiled_mesh(destination_rule("host: nats, trafficPolicy: {tls: {mode: DISABLE}}"))
    name = f"outbound|4222||{NATS}"
    assert both["till-v1-0"].clusters[name] is both["archive-web-v1-0"].clusters[name]
    assert both["till-v1-0"].endpoints[name] is both["archive-web-v1-0"].endpoints[name]
    assert both["till-v1-0"].routes["outbound"] is both["nats-v1-0"].routes["outbound"]


def test_without_a_policy_a_sidecar_is_told_of_everything() -> None:
    config = configuration("till-v1-0")
    assert reached(config) == called(config) == ALL


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ('"*/*"', ALL),
        ('"./*"', {SHOP_WEB, NATS, TILL}),
        ('"archive/*"', {ARCHIVE_WEB}),
        (f'"./{NATS}"', {NATS}),
        ('"*/*.archive.svc.cluster.local"', {ARCHIVE_WEB}),
        (f'"./*", "~./{TILL}"', {SHOP_WEB, NATS}),
        ('"*/*", "~archive/*"', {SHOP_WEB, NATS, TILL}),
        ('"~/*"', set()),
    ],
)
def test_egress_hosts(hosts: str, expected: set[str]) -> None:
    config = configuration("till-v1-0", sidecar(f"egress: [{{hosts: [{hosts}]}}]"), mesh_config=REGISTRY_ONLY)
    assert reached(config) == called(config) == expected


def test_where_a_route_leads_can_be_reached_though_not_called() -> None:
    routes = virtual_service(SHOP_WEB, ARCHIVE_WEB)
    told = sidecar(f'egress: [{{hosts: ["./{SHOP_WEB}"]}}]')
    config = configuration("till-v1-0", routes, told, mesh_config=REGISTRY_ONLY)
    assert called(config) == {SHOP_WEB}
    assert reached(config) == {SHOP_WEB, ARCHIVE_WEB}


def test_the_one_for_some_workloads_comes_before_the_one_for_all_and_that_before_the_root_s() -> None:
    root = sidecar('egress: [{hosts: ["./*"]}]', namespace="istio-system")
    shop = sidecar(f'egress: [{{hosts: ["./{NATS}"]}}]', name="shop")
    some = sidecar(f'workloadSelector: {{labels: {{tier: front}}}}, egress: [{{hosts: ["./{TILL}"]}}]', name="some")
    assert called(configuration("till-v1-0", root, shop, some, mesh_config=REGISTRY_ONLY)) == {TILL}
    assert called(configuration("nats-v1-0", root, shop, some, mesh_config=REGISTRY_ONLY)) == {NATS}
    assert called(configuration("archive-web-v1-0", root, shop, some, mesh_config=REGISTRY_ONLY)) == {ARCHIVE_WEB}


def test_limits_on_what_a_program_is_sent() -> None:
    pool = "inboundConnectionPool: {tcp: {maxConnections: 3}, http: {http2MaxRequests: 4}}"
    clusters = configuration("till-v1-0", sidecar(pool))["Cluster"]
    (limits,) = clusters["inbound|80||"]["circuit_breakers"]["thresholds"]
    assert (limits["max_connections"], limits["max_requests"]) == (3, 4)
    assert clusters[f"outbound|80||{TILL}"]["circuit_breakers"]["thresholds"][0]["max_connections"] == 4294967295


def test_a_program_is_sent_as_much_as_the_rule_of_its_service_says_if_its_sidecar_is_told_of_it() -> None:
    rule = destination_rule("host: till, trafficPolicy: {connectionPool: {tcp: {maxConnections: 3}}, retryBudget: {}}")

    def limits(*policies: str) -> Any:
        return configuration("till-v1-0", rule, *policies)["Cluster"]["inbound|80||"]["circuit_breakers"]["thresholds"]

    (told,) = limits()
    assert (told["max_connections"], "retry_budget" in told) == (3, True)
    (not_told,) = limits(sidecar('egress: [{hosts: ["archive/*"]}]'))
    assert (not_told["max_connections"], "retry_budget" in not_told) == (4294967295, False)
    led_there = virtual_service(ARCHIVE_WEB, TILL).replace("7000", "80")
    assert limits(sidecar('egress: [{hosts: ["*/web.archive.svc.cluster.local"]}]'), led_there) == [told]
    (own_pool,) = limits(sidecar("inboundConnectionPool: {tcp: {maxConnections: 4}}"))
    assert (own_pool["max_connections"], "retry_budget" in own_pool) == (4, True)


def route_names(workload: str, *policies: str, host: str = f"{SHOP_WEB}:7000", mesh_config: str = "") -> list[str]:
    found = configuration(workload, *policies, mesh_config=mesh_config)["RouteConfiguration"]["outbound"]
    return [route["name"] for one in found["virtual_hosts"] if one["name"] == host for route in one["routes"]]


@pytest.mark.parametrize(
    ("more", "in_shop", "in_archive"),
    [
        ("", ["routes"], ["routes"]),
        (', exportTo: ["*"]', ["routes"], ["routes"]),
        (", exportTo: [.]", ["routes"], ["default"]),
        (", exportTo: [archive]", ["default"], ["routes"]),
        (", exportTo: [., archive]", ["routes"], ["routes"]),
    ],
)
def test_routes_are_for_the_namespaces_they_are_exported_to(
    more: str, in_shop: list[str], in_archive: list[str]
) -> None:
    routes = virtual_service("web", "web", more)
    assert route_names("till-v1-0", routes) == in_shop
    assert route_names("archive-web-v1-0", routes) == in_archive


def test_the_mesh_s_default_may_make_routes_private() -> None:
    private = "defaultVirtualServiceExportTo: ['.']"
    assert route_names("till-v1-0", virtual_service("web", "web"), mesh_config=private) == ["routes"]
    assert route_names("archive-web-v1-0", virtual_service("web", "web"), mesh_config=private) == ["default"]


def test_routes_private_to_a_namespace_come_before_those_of_others() -> None:
    public = virtual_service(SHOP_WEB, SHOP_WEB, ", exportTo: [shop]", name="shops")
    private = virtual_service(SHOP_WEB, SHOP_WEB, ", exportTo: [.]", name="own", namespace="archive")
    assert route_names("archive-web-v1-0", public, private) == ["own"]
    assert route_names("till-v1-0", public, private) == ["shops"]


def test_a_sidecar_is_not_told_of_routes_for_hosts_it_is_not_told_of() -> None:
    routes = virtual_service(ARCHIVE_WEB, SHOP_WEB)
    config = configuration("till-v1-0", routes, sidecar('egress: [{hosts: ["./' + NATS + '"]}]'))
    assert reached(config) == {NATS}
