"""How hosts of a ServiceEntry are found, called and secured."""

from typing import Any

import pytest

from tests.compile.compiling import configuration, destination_rule

HTTP = "ports: [{number: 80, name: http, protocol: HTTP}]"
REGISTRY_ONLY = "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"
API = "outbound|80||api.example.com"
SUBSET = "{name: v1, labels: {version: v1}}"
SIDECAR = "apiVersion: networking.istio.io/v1\nkind: Sidecar\n"
VIRTUAL_SERVICE = "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"


def service_entry(spec: str, *, name: str = "entry", namespace: str = "shop") -> str:
    head = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
    return f"{head}metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n"


def cluster(spec: str, name: str = API, *more: str) -> dict[str, Any]:
    return dict(configuration("till-v1-0", service_entry(spec), *more)["Cluster"][name])


def places(assignment: dict[str, Any]) -> list[Any]:
    """Address and port, or path, of each endpoint."""
    endpoints = [end for group in assignment.get("endpoints", []) for end in group["lb_endpoints"]]
    addresses = [end["endpoint"]["address"] for end in endpoints]
    return [
        (one["socket_address"]["address"], one["socket_address"]["port_value"])
        if "socket_address" in one
        else one["pipe"]["path"]
        for one in addresses
    ]


@pytest.mark.parametrize(
    ("resolution", "kind"), [("DNS", "STRICT_DNS"), ("NONE", "STRICT_DNS"), ("DNS_ROUND_ROBIN", "LOGICAL_DNS")]
)
def test_a_host_is_looked_up_by_its_name(resolution: str, kind: str) -> None:
    found = cluster(f"hosts: [api.example.com], resolution: {resolution}, {HTTP}")
    assert found["type"] == kind
    assert places(found["load_assignment"]) == [("api.example.com", 80)]
    assert found["respect_dns_ttl"] is True


@pytest.mark.parametrize("host", ["api.example.com", "'*.example.com'"])
def test_a_gateway_knows_no_instance_of_a_host_whose_connections_would_go_on(host: str) -> None:
    config = configuration("edge-0", service_entry(f"hosts: [{host}], resolution: NONE, {HTTP}"))
    name = f"outbound|80||{host.strip(chr(39))}"
    assert config["Cluster"][name]["type"] == "EDS"
    assert config["ClusterLoadAssignment"][name] == {"cluster_name": name}
    looked_up = configuration("till-v1-0", service_entry(f"hosts: [{host}], resolution: NONE, {HTTP}"))
    assert looked_up["Cluster"][name].get("type") != "EDS"
    assert name not in looked_up["ClusterLoadAssignment"]


@pytest.mark.parametrize("balancing", ["simple: PASSTHROUGH", "simple: RANDOM", "consistentHash: {useSourceIp: true}"])
def test_no_balancing_counts_where_a_connection_would_go_on(balancing: str) -> None:
    rule = destination_rule(
        f"host: api.example.com, trafficPolicy: {{loadBalancer: {{{balancing}}}}}, subsets: [{SUBSET}]"
    )
    for name in (API, API.replace("||", "|v1|")):
        found = cluster(f"hosts: [api.example.com], resolution: NONE, {HTTP}", name, rule)
        assert places(found["load_assignment"]) == [("api.example.com", 80)]
        assert found["lb_policy"] == "LEAST_REQUEST"


def test_a_gateway_has_no_connection_that_could_go_on() -> None:
    rule = destination_rule("host: api.example.com, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}")
    config = configuration("edge-0", service_entry(f"hosts: [api.example.com], resolution: NONE, {HTTP}"), rule)
    assert config["Cluster"][API]["type"] == "ORIGINAL_DST"
    assert "load_assignment" not in config["Cluster"][API]


def test_endpoints_are_looked_up_in_its_place() -> None:
    endpoints = "endpoints: [{address: a.example.com, ports: {http: 8080}}, {address: b.example.com}]"
    port = "ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8000}]"
    found = cluster(f"hosts: [api.example.com], resolution: DNS, {port}, {endpoints}")
    assert places(found["load_assignment"]) == [("a.example.com", 8080), ("b.example.com", 8000)]


def test_known_endpoints_are_told_as_those_of_services_are() -> None:
    endpoints = 'endpoints: [{address: 127.0.0.1, weight: 3}, {address: "unix:///a.sock"}]'
    config = configuration(
        "till-v1-0", service_entry(f"hosts: [api.example.com], resolution: STATIC, {HTTP}, {endpoints}")
    )
    assert config["Cluster"][API]["type"] == "EDS"
    assignment = config["ClusterLoadAssignment"][API]
    assert places(assignment) == [("127.0.0.1", 80), "/a.sock"]
    assert assignment["endpoints"][0]["load_balancing_weight"] == 4


def test_subsets_take_the_endpoints_with_their_labels() -> None:
    endpoints = "endpoints: [{address: 127.0.0.1, labels: {zone: a}}, {address: 127.0.0.2, labels: {zone: b}}]"
    rule = destination_rule("host: api.example.com, subsets: [{name: b, labels: {zone: b}}]")
    entry = service_entry(f"hosts: [api.example.com], resolution: STATIC, {HTTP}, {endpoints}")
    assignments = configuration("till-v1-0", entry, rule)["ClusterLoadAssignment"]
    assert places(assignments["outbound|80|b|api.example.com"]) == [("127.0.0.2", 80)]


def test_workloads_can_have_another_name() -> None:
    spec = "hosts: [web.internal], location: MESH_INTERNAL, resolution: STATIC, workloadSelector: {labels: {app: web}}"
    port = "ports: [{number: 80, name: grpc, protocol: GRPC, targetPort: 7000}]"
    config = configuration("till-v1-0", service_entry(f"{spec}, {port}"))
    name = "outbound|80||web.internal"
    service = config["ClusterLoadAssignment"]["outbound|7000||web.shop.svc.cluster.local"]
    assert places(config["ClusterLoadAssignment"][name]) == places(service)
    assert "spiffe://cluster.local/ns/shop/sa/web" in str(config["Cluster"][name]["transport_socket_matches"])


def domains(config: dict[str, Any], host: str) -> list[str]:
    hosts = config["RouteConfiguration"]["outbound"]["virtual_hosts"]
    return [domain for one in hosts if one["name"] == host for domain in one["domains"]]


def test_it_is_called_by_its_name_or_address() -> None:
    spec = f"hosts: [api.example.com], addresses: [10.0.0.1, 10.1.0.0/16], resolution: STATIC, {HTTP}"
    config = configuration("till-v1-0", service_entry(spec))
    assert domains(config, "api.example.com:80") == [
        "api.example.com",
        "10.0.0.1",
        "api.example.com:80",
        "10.0.0.1:80",
    ]


@pytest.mark.parametrize(("written", "called"), [("10.0.0.1/32", "10.0.0.1"), ("2001:db8::1/128", "[2001:db8::1]")])
def test_a_range_of_one_is_an_address(written: str, called: str) -> None:
    spec = f"hosts: [api.example.com], addresses: ['{written}'], resolution: STATIC, {HTTP}"
    assert called in domains(configuration("till-v1-0", service_entry(spec)), "api.example.com:80")


def test_an_address_that_two_hosts_have_is_the_first_ones() -> None:
    shared = f"addresses: [10.0.0.1], resolution: STATIC, {HTTP}"
    first = service_entry(f"hosts: [a.example.com], {shared}")
    second = service_entry(f"hosts: [b.example.com], {shared}", name="other")
    config = configuration("till-v1-0", f"{first}---\n{second}")
    assert "10.0.0.1" in domains(config, "a.example.com:80")
    assert domains(config, "b.example.com:80") == ["b.example.com", "b.example.com:80"]


def test_what_is_outside_is_spoken_to_in_plaintext_unless_a_rule_says_otherwise() -> None:
    spec = f"hosts: [api.example.com], resolution: DNS, {HTTP}, subjectAltNames: [api.example.org]"
    found = cluster(spec)
    assert "transport_socket" not in found
    assert "transport_socket_matches" not in found
    secured = cluster(spec, API, destination_rule("host: api.example.com, trafficPolicy: {tls: {mode: SIMPLE}}"))
    validation = secured["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"]
    names = {one["matcher"]["exact"] for one in validation["match_typed_subject_alt_names"]}
    assert names == {"api.example.org"}


@pytest.mark.parametrize("resolution", ["STATIC", "DNS"])
def test_tls_of_a_rule_takes_accounts_of_its_endpoints_and_names_of_its_own(resolution: str) -> None:
    endpoint = "endpoints: [{address: 127.0.0.1, serviceAccount: keeper}], subjectAltNames: [api.example.org]"
    spec = f"hosts: [api.example.com], resolution: {resolution}, {HTTP}, {endpoint}"

    def names(said: str = "") -> set[str]:
        tls = f"tls: {{mode: SIMPLE, sni: api.example.com{said}}}"
        found = cluster(spec, API, destination_rule(f"host: api.example.com, trafficPolicy: {{{tls}}}"))
        validation = found["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"]
        return {one["matcher"]["exact"] for one in validation["match_typed_subject_alt_names"]}

    assert names() == {"api.example.org", "spiffe://cluster.local/ns/shop/sa/keeper"}
    assert names(", subjectAltNames: [other.example.org]") == {"other.example.org"}


@pytest.mark.parametrize(("mode", "expected"), [("SIMPLE", False), ("DISABLE", False), ("ISTIO_MUTUAL", True)])
def test_an_account_stands_for_mutual_tls_unless_a_rule_says_otherwise(mode: str, expected: bool) -> None:
    endpoints = "endpoints: [{address: 127.0.0.1, serviceAccount: keeper}, {address: 127.0.0.2}]"
    rule = destination_rule(f"host: api.example.com, trafficPolicy: {{tls: {{mode: {mode}}}}}")
    spec = f"hosts: [api.example.com], resolution: DNS, {HTTP}, {endpoints}"
    (group,) = cluster(spec, API, rule)["load_assignment"]["endpoints"]
    assert ["metadata" in one for one in group["lb_endpoints"]] == [expected, False]


def test_an_instance_with_an_account_of_the_mesh_is_met_with_mutual_tls() -> None:
    endpoint = "endpoints: [{address: 127.0.0.1, serviceAccount: keeper}, {address: 127.0.0.2}]"
    spec = f"hosts: [api.example.com], location: MESH_INTERNAL, resolution: STATIC, {HTTP}, {endpoint}"
    config = configuration("till-v1-0", service_entry(spec))
    assert "spiffe://cluster.local/ns/shop/sa/keeper" in str(config["Cluster"][API]["transport_socket_matches"])
    (group,) = config["ClusterLoadAssignment"][API]["endpoints"]
    first, second = group["lb_endpoints"]
    assert first["metadata"]["filter_metadata"]["envoy.transport_socket_match"] == {"tlsMode": "istio"}
    assert "metadata" not in second


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("selector: {matchLabels: {app: old}}, mtls: {mode: DISABLE}", False),
        ("selector: {matchLabels: {app: new}}, mtls: {mode: DISABLE}", True),
        ("selector: {matchLabels: {app: old}}, portLevelMtls: {8080: {mode: DISABLE}}", False),
        ("selector: {matchLabels: {app: old}}, portLevelMtls: {80: {mode: DISABLE}}", True),
    ],
)
def test_an_instance_that_takes_plaintext_by_its_policy_is_met_so(policy: str, expected: bool) -> None:
    endpoint = "endpoints: [{address: 127.0.0.1, serviceAccount: old, labels: {app: old}, ports: {http: 8080}}]"
    spec = f"hosts: [api.example.com], location: MESH_INTERNAL, resolution: STATIC, {HTTP}, {endpoint}"
    head = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: old, namespace: shop}\n"
    config = configuration("till-v1-0", service_entry(spec), f"{head}spec: {{{policy}}}\n")
    (group,) = config["ClusterLoadAssignment"][API]["endpoints"]
    assert ["metadata" in one for one in group["lb_endpoints"]] == [expected]


def test_of_a_pattern_the_name_that_is_called_is_looked_up() -> None:
    config = configuration("till-v1-0", service_entry(f'hosts: ["*.example.com"], {HTTP}'), mesh_config=REGISTRY_ONLY)
    found = config["Cluster"]["outbound|80||*.example.com"]
    assert found["cluster_type"]["name"] == "envoy.clusters.dynamic_forward_proxy"
    assert domains(config, "*.example.com:80") == ["*.example.com", "*.example.com:80"]
    assert "envoy.filters.http.dynamic_forward_proxy" in str(config["Listener"]["outbound"])
    assert "dynamic_forward_proxy" not in str(configuration("till-v1-0", mesh_config=REGISTRY_ONLY)["Listener"])


@pytest.mark.parametrize(
    ("more", "expected"),
    [("", []), (", addresses: [10.0.0.1]", []), ("", ["db.example.com"])],
)
def test_a_program_dials_streams_at_a_port_of_its_own(more: str, expected: list[str]) -> None:
    protocol = "TLS" if expected else "TCP"
    spec = f"hosts: [db.example.com], resolution: DNS, ports: [{{number: 5432, name: db, protocol: {protocol}}}]{more}"
    listener = configuration("till-v1-0", service_entry(spec))["Listener"]["tcp|5432|db.example.com"]
    chain, *others = listener["filter_chains"]
    assert chain["filters"][0]["typed_config"]["cluster"] == "outbound|5432||db.example.com"
    assert len(others) == len(expected), "other server names are those of unknown hosts"
    assert chain.get("filter_chain_match", {}).get("server_names", []) == expected


def test_it_is_for_the_namespaces_it_is_exported_to() -> None:
    entry = service_entry(f"hosts: [api.example.com], resolution: DNS, exportTo: [archive], {HTTP}")
    assert API not in configuration("till-v1-0", entry)["Cluster"]
    assert API in configuration("archive-web-v1-0", entry)["Cluster"]
    nobody = service_entry(f'hosts: [api.example.com], resolution: DNS, exportTo: ["~"], {HTTP}')
    assert API not in configuration("till-v1-0", nobody)["Cluster"]
    private = "defaultServiceExportTo: ['.']"
    unsaid = service_entry(f"hosts: [api.example.com], resolution: DNS, {HTTP}")
    assert API not in configuration("archive-web-v1-0", unsaid, mesh_config=private)["Cluster"]


def test_of_two_namespaces_a_caller_has_its_own() -> None:
    def entry(namespace: str, address: str) -> str:
        spec = f"hosts: [api.example.com], resolution: STATIC, {HTTP}, endpoints: [{{address: {address}}}]"
        return service_entry(spec, namespace=namespace)

    both = entry("shop", "127.0.0.1"), entry("archive", "127.0.0.2")
    assert places(configuration("till-v1-0", *both)["ClusterLoadAssignment"][API]) == [("127.0.0.1", 80)]
    assert places(configuration("archive-web-v1-0", *both)["ClusterLoadAssignment"][API]) == [("127.0.0.2", 80)]


def test_of_two_namespaces_a_caller_has_the_one_its_sidecar_is_told_of() -> None:
    spec = f"hosts: [api.example.com], resolution: STATIC, {HTTP}, endpoints: [{{address: 127.0.0.%d}}]"
    both = service_entry(spec % 1), service_entry(spec % 2, namespace="archive")
    told = f"{SIDECAR}metadata: {{name: told, namespace: shop}}\nspec: {{egress: [{{hosts: ['archive/*']}}]}}\n"
    assert places(configuration("till-v1-0", *both, told)["ClusterLoadAssignment"][API]) == [("127.0.0.2", 80)]


@pytest.mark.parametrize("exported", ['"~"', "archive"])
@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("{}", {"till-v1-0", "edge-0"}),
        ("{sourceNamespace: shop}", {"till-v1-0", "edge-0"}),
        ("{sourceNamespace: archive}", set()),
    ],
)
def test_routes_lead_callers_of_its_own_namespace_to_a_host_that_is_not_exported_there(
    exported: str, match: str, expected: set[str]
) -> None:
    entry = service_entry(f"hosts: [api.example.com], resolution: DNS, exportTo: [{exported}], {HTTP}")
    route = f"match: [{match}], route: [{{destination: {{host: api.example.com, port: {{number: 80}}}}}}]"
    routes = f"{VIRTUAL_SERVICE}metadata: {{name: web, namespace: shop}}\nspec: {{hosts: [web], http: [{{{route}}}]}}\n"
    assert {one for one in ("till-v1-0", "edge-0") if API in configuration(one, entry, routes)["Cluster"]} == expected


def test_a_gateway_of_a_namespace_whose_sidecars_have_policies_has_the_first_and_the_one_named_for_it_before() -> None:
    spec = f"hosts: [api.example.com], resolution: STATIC, {HTTP}, endpoints: [{{address: 127.0.0.%d}}]"
    others, own = service_entry(spec % 1, namespace="archive"), service_entry(spec % 2)
    named = service_entry(f"{spec % 2}, exportTo: [.]")
    told = f"{SIDECAR}metadata: {{name: told, namespace: shop}}\nspec: {{egress: [{{hosts: ['*/*']}}]}}\n"

    def found(*policies: str) -> list[Any]:
        return places(configuration("edge-0", *policies)["ClusterLoadAssignment"][API])

    assert found(others, own) == [("127.0.0.2", 80)]
    assert found(others, own, told) == [("127.0.0.1", 80)]
    assert found(others, named, told) == [("127.0.0.2", 80)]
