"""What is said of calls that an EnvoyFilter ends, or that end as nobody can foresee for one."""

import json
from collections.abc import Iterator

import pytest

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.admin_messages import patch_message
from loopmesh.cli.explain.as_json import explanation_json
from loopmesh.cli.explain.patches import Patches
from loopmesh.cli.explain.surroundings import Surroundings
from loopmesh.cli.explain.text import explanation_lines
from loopmesh.simulate import Call, Request
from tests.simulate.compiled_mesh import CompiledMesh, lab
from tests.simulate.test_lab import routes

TYPES = "type.googleapis.com/envoy.extensions.filters"
MANAGER = "{filter: {name: envoy.filters.network.http_connection_manager"
DENYING = "rules: {action: DENY, policies: {all: {permissions: [{any: true}], principals: [{any: true}]}}}"
CLOSED = f'{{name: closed, typed_config: {{"@type": {TYPES}.network.rbac.v3.RBAC, stat_prefix: closed, {DENYING}}}}}'
SCRIPT = f'{{name: script, typed_config: {{"@type": {TYPES}.http.lua.v3.Lua}}}}'


def patch(target: str, context: str, match: str, operation: str, value: str = "", name: str = "custom") -> str:
    said = f", value: {value}" if value else ""
    return f"""
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {{name: {name}}}
spec:
  configPatches:
  - applyTo: {target}
    match: {{context: {context}{match and f", {match}"}}}
    patch: {{operation: {operation}{said}}}
"""


def http_filter(value: str, context: str = "SIDECAR_INBOUND") -> str:
    listener = f"listener: {{filterChain: {MANAGER}, subFilter: {{name: envoy.filters.http.router}}}}}}}}"
    return patch("HTTP_FILTER", context, listener, "INSERT_BEFORE", value)


def route(value: str, context: str = "SIDECAR_INBOUND") -> str:
    return patch("HTTP_ROUTE", context, "", "INSERT_FIRST", value)


def around(mesh: CompiledMesh) -> Surroundings:
    workloads = [
        admin_pb2.WorkloadStatus(name=name, patches=map(patch_message, found)) for name, found in mesh.patches.items()
    ]
    return Surroundings(patches=Patches.of(admin_pb2.GetStatusResponse(workloads=workloads)))


def told(mesh: CompiledMesh, call: Call) -> Iterator[str]:
    """From the verdict on."""
    lines = list(explanation_lines(call, {}, around(mesh)))
    verdict = next(number for number, line in enumerate(lines) if line.startswith("=> "))
    return iter(lines[verdict:])


def of_web(*policies: str) -> Iterator[str]:
    """Of a call of the only instance that is ready."""
    mesh = lab(*policies, unready=("web-v1-1", "web-v2-0"))
    return told(mesh, mesh.get("client", "web:8000", "/"))


@pytest.mark.parametrize(
    ("value", "verdict", "what"),
    [
        ("direct_response: {status: 418}", "answered at web-v1-0 with HTTP 418", "answers by itself with HTTP 418"),
        (
            "redirect: {host_redirect: other}",
            "redirected at web-v1-0 with HTTP 301",
            "redirects to http://other/ with HTTP 301",
        ),
        (
            "route: {cluster: nowhere}",
            "no cluster at web-v1-0 with HTTP 503",
            "sends it to nowhere, which the proxy does not have",
        ),
    ],
)
def test_a_route_before_the_program_ends_a_call_and_names_the_patch(value: str, verdict: str, what: str) -> None:
    said = of_web(route(f"{{match: {{prefix: /}}, {value}}}"))
    assert next(said) == f"=> {verdict}"
    assert next(said) == f"   why: EnvoyFilter lab/custom spec.configPatches[0] {what}"


def test_a_route_to_another_destination_than_the_program_is_not_followed() -> None:
    cluster = "outbound|7000||api.lab.svc.cluster.local"
    said = of_web(route(f"{{match: {{prefix: /}}, route: {{cluster: '{cluster}'}}}}"))
    assert next(said) == "=> not foreseen at web-v1-0: EnvoyFilter lab/custom spec.configPatches[0] decides"
    assert next(said).endswith(f" sends it to {cluster} in place of the program")


def test_routes_that_are_gone_leave_a_call_without_one_at_its_server() -> None:
    said = of_web(patch("VIRTUAL_HOST", "SIDECAR_INBOUND", "", "REMOVE"))
    assert next(said) == "=> no route at web-v1-0 with HTTP 404"
    assert next(said) == "   why: EnvoyFilter lab/custom spec.configPatches[0] leaves no route for it"


def test_a_cluster_of_the_program_that_is_gone_is_told() -> None:
    said = of_web(patch("CLUSTER", "SIDECAR_INBOUND", "", "REMOVE"))
    assert next(said) == "=> no cluster at web-v1-0 with HTTP 503"


def test_a_filter_that_is_not_simulated_decides_at_the_server_and_is_named() -> None:
    said = of_web(http_filter(SCRIPT))
    assert next(said) == "=> not foreseen at web-v1-0: EnvoyFilter lab/custom spec.configPatches[0] decides"
    by = "EnvoyFilter lab/custom spec.configPatches[0]"
    assert next(said) == f"   why: {by} brings filter script, which is not simulated"


def test_a_filter_that_is_not_simulated_decides_at_the_caller_for_all_its_calls() -> None:
    said = of_web(http_filter(SCRIPT, "SIDECAR_OUTBOUND"))
    assert next(said) == "=> not foreseen at client-v1-0: EnvoyFilter lab/custom spec.configPatches[0] decides"


def test_a_filter_that_decides_first_leaves_open_whether_a_policy_denies() -> None:
    nothing = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: nothing}\nspec: {}\n"
    listener = f"listener: {{filterChain: {MANAGER}}}}}}}"
    said = of_web(nothing, patch("HTTP_FILTER", "SIDECAR_INBOUND", listener, "INSERT_FIRST", SCRIPT))
    assert next(said).startswith("=> not foreseen at web-v1-0")


def test_authorization_of_a_connection_by_a_patch_denies_what_is_asked_on_it() -> None:
    listener = f"listener: {{filterChain: {MANAGER}}}}}}}"
    said = of_web(patch("NETWORK_FILTER", "SIDECAR_INBOUND", listener, "INSERT_BEFORE", CLOSED))
    assert next(said) == "=> denied at web-v1-0"
    assert next(said) == "   why: EnvoyFilter lab/custom spec.configPatches[0] denies it"


def test_a_listener_s_filter_that_is_not_simulated_is_named() -> None:
    value = f'{{name: proxied, typed_config: {{"@type": {TYPES}.listener.proxy_protocol.v3.ProxyProtocol}}}}'
    said = of_web(patch("LISTENER_FILTER", "SIDECAR_INBOUND", "", "INSERT_FIRST", value))
    assert next(said) == "=> not foreseen at web-v1-0: EnvoyFilter lab/custom spec.configPatches[0] decides"


def test_a_fault_before_the_program_takes_its_share_of_the_calls() -> None:
    abort = "abort: {http_status: 503, percentage: {numerator: 30}}"
    said = of_web(http_filter(f'{{name: fault, typed_config: {{"@type": {TYPES}.http.fault.v3.HTTPFault, {abort}}}}}'))
    assert next(said) == "=> aborted at web-v1-0 30%, reaches web-v1-0 70%"
    assert next(said) == (
        "   why: EnvoyFilter lab/custom spec.configPatches[0] ends 30% of the calls with HTTP 503 at web-v1-0"
    )


def test_headers_that_a_patch_changes_are_what_the_server_s_policies_see() -> None:
    known = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: known}
spec: {rules: [{when: [{key: 'request.headers[x-user]', values: [ann]}]}]}
"""
    change = "mutations: {request_mutations: [{append: {header: {key: x-user, value: ann}}}]}"
    adding = f'{{name: ann, typed_config: {{"@type": {TYPES}.http.header_mutation.v3.HeaderMutation, {change}}}}}'
    assert next(of_web(known)) == "=> denied at web-v1-0"
    assert next(of_web(known, http_filter(adding, "SIDECAR_OUTBOUND"))) == "=> reaches web-v1-0"


def test_a_route_that_a_patch_gives_the_caller_is_not_taken_for_an_unknown_host() -> None:
    answering = "{name: tea, match: {prefix: /}, direct_response: {status: 418}}"
    mesh = lab(route(answering, "SIDECAR_OUTBOUND"), routes("{route: [{destination: {host: web}}]}"))
    lines = list(explanation_lines(mesh.get("client", "web:8000", "/"), {}, around(mesh)))
    assert "  route            tea  [EnvoyFilter lab/custom spec.configPatches[0]]" in lines
    assert "=> answered with HTTP 418" in lines
    assert "   why: EnvoyFilter lab/custom spec.configPatches[0] answers by itself with HTTP 418" in lines


def test_of_several_patches_the_one_that_brings_the_route_by_its_name_is_meant() -> None:
    other = patch(
        "HTTP_ROUTE", "SIDECAR_INBOUND", "", "ADD", "{name: x, match: {path: /x}, route: {cluster: any}}", "other"
    )
    tea = route("{name: tea, match: {prefix: /}, direct_response: {status: 418}}")
    said = list(of_web(other, tea))
    assert said[1] == "   why: EnvoyFilter lab/custom spec.configPatches[0] answers by itself with HTTP 418"


HALF = "runtime_fraction: {default_value: {numerator: 50}}"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (f"match: {{prefix: /, {HALF}}}, route: {{cluster: any}}", "a route that takes 50% of its requests"),
        (
            "match: {prefix: /}, route: {cluster_header: x-to}",
            "a route that chooses its cluster by cluster_header",
        ),
    ],
)
@pytest.mark.parametrize(("context", "where"), [("SIDECAR_INBOUND", "web-v1-0"), ("SIDECAR_OUTBOUND", "client-v1-0")])
def test_a_route_that_is_not_simulated_decides_and_names_the_patch(
    value: str, what: str, context: str, where: str
) -> None:
    said = of_web(route(f"{{{value}}}", context))
    assert next(said) == f"=> not foreseen at {where}: EnvoyFilter lab/custom spec.configPatches[0] decides"
    assert next(said) == f"   why: EnvoyFilter lab/custom spec.configPatches[0] brings {what}, which is not simulated"


def test_a_filter_that_is_switched_off_changes_nothing() -> None:
    assert next(of_web(http_filter(SCRIPT.replace("name: script", "name: script, disabled: true")))) == (
        "=> reaches web-v1-0"
    )


def test_programs_are_told_the_patches_behind_an_outcome() -> None:
    mesh = lab(http_filter(SCRIPT), unready=("web-v1-1", "web-v2-0"))
    found = json.loads(json.dumps(explanation_json(mesh.get("client", "web:8000", "/"), {}, around(mesh))))
    (outcome,) = found["outcomes"]
    assert (outcome["verdict"], outcome["workload"]) == ("not foreseen", "web-v1-0")
    assert outcome["patches"] == [
        {"policy": "EnvoyFilter lab/custom", "place": "spec.configPatches[0]", "file": "", "line": 0}
    ]


@pytest.mark.parametrize("context", ["SIDECAR_INBOUND", "SIDECAR_OUTBOUND"])
def test_a_filter_without_effect_on_calls_changes_nothing(context: str) -> None:
    stats = f'{{name: stats, typed_config: {{"@type": {TYPES}.http.grpc_stats.v3.FilterConfig}}}}'
    assert next(of_web(http_filter(stats, context))) == "=> reaches web-v1-0"


TCP_PROXY = "listener: {filterChain: {filter: {name: envoy.filters.network.tcp_proxy}}}"


def of_store(*policies: str) -> Iterator[str]:
    mesh = lab(*policies)
    return told(mesh, mesh.call("client", Request(authority="store:6379", path="", method="TCP")))


@pytest.mark.parametrize(
    ("context", "verdict"),
    [("SIDECAR_INBOUND", "denied at store-v1-0"), ("SIDECAR_OUTBOUND", "denied at client-v1-0")],
)
def test_authorization_of_a_stream_by_a_patch_names_it(context: str, verdict: str) -> None:
    said = of_store(patch("NETWORK_FILTER", context, TCP_PROXY, "INSERT_BEFORE", CLOSED))
    assert next(said) == f"=> {verdict}"
    assert next(said) == "   why: EnvoyFilter lab/custom spec.configPatches[0] denies it"


@pytest.mark.parametrize(
    ("context", "verdict"),
    [("SIDECAR_INBOUND", "not foreseen at store-v1-0"), ("SIDECAR_OUTBOUND", "not foreseen at client-v1-0")],
)
def test_a_filter_of_a_stream_that_is_not_simulated_decides(context: str, verdict: str) -> None:
    echo = f'{{name: echo, typed_config: {{"@type": {TYPES}.network.echo.v3.Echo}}}}'
    said = of_store(patch("NETWORK_FILTER", context, TCP_PROXY, "INSERT_BEFORE", echo))
    assert next(said) == f"=> {verdict}: EnvoyFilter lab/custom spec.configPatches[0] decides"


def test_a_stream_that_a_patch_sends_elsewhere_does_not_reach_the_program() -> None:
    def to(cluster: str) -> Iterator[str]:
        name = "envoy.filters.network.tcp_proxy"
        config = f'{{"@type": {TYPES}.network.tcp_proxy.v3.TcpProxy, cluster: "{cluster}"}}'
        value = f"{{name: {name}, typed_config: {config}}}"
        return of_store(patch("NETWORK_FILTER", "SIDECAR_INBOUND", TCP_PROXY, "MERGE", value))

    assert next(to("nowhere")) == "=> no cluster at store-v1-0"
    elsewhere = to("outbound|7000||api.lab.svc.cluster.local")
    assert next(elsewhere).startswith("=> not foreseen at store-v1-0: EnvoyFilter lab/custom")
    assert next(elsewhere).endswith("sends it to outbound|7000||api.lab.svc.cluster.local in place of the program")


def test_a_stream_that_nothing_takes_over_is_not_told_to_reach_the_program() -> None:
    said = of_store(patch("NETWORK_FILTER", "SIDECAR_INBOUND", TCP_PROXY, "REMOVE"))
    assert next(said) == "=> not foreseen at store-v1-0: EnvoyFilter lab/custom spec.configPatches[0] decides"


SOCKETS = "type.googleapis.com/envoy.extensions.transport_sockets"


def of_cluster(value: str) -> list[str]:
    """Of a call to the only instance that is ready, from the verdict on."""
    match = "cluster: {service: web.lab.svc.cluster.local}"
    return list(of_web(patch("CLUSTER", "SIDECAR_OUTBOUND", match, "MERGE", value)))


def tls(context: str) -> str:
    config = f'{{"@type": {SOCKETS}.tls.v3.UpstreamTlsContext, {context}}}'
    return f"{{transport_socket: {{name: envoy.transport_sockets.tls, typed_config: {config}}}}}"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (tls("common_tls_context: {custom_handshaker: {name: own}}"), "`custom_handshaker` of TLS"),
        (tls("auto_host_sni: true"), "`auto_host_sni` of TLS"),
        (
            tls("common_tls_context: {validation_context: {trusted_ca: {filename: /other.pem}}}"),
            "TLS that does not ask the mesh's authorities",
        ),
        (
            tls("common_tls_context: {tls_params: {tls_maximum_protocol_version: TLSv1_0}}"),
            "an older version of TLS",
        ),
        (
            tls("common_tls_context: {tls_certificates: [{certificate_chain: {filename: /other.pem}}]}"),
            "several certificates of the caller",
        ),
        (
            f'{{filters: [{{name: echo, typed_config: {{"@type": {TYPES}.network.echo.v3.Echo}}}}]}}',
            "filter echo of connections to it",
        ),
    ],
)
def test_how_a_caller_opens_connections_is_not_foreseen_where_a_patch_says_it(value: str, what: str) -> None:
    verdict, why, *_ = of_cluster(value)
    assert verdict == "=> not foreseen at client-v1-0: EnvoyFilter lab/custom spec.configPatches[0] decides"
    assert why == f"   why: EnvoyFilter lab/custom spec.configPatches[0] brings {what}, which is not simulated"


@pytest.mark.parametrize("value", [tls("max_session_keys: 5"), "{connect_timeout: 1s}"])
def test_a_patch_of_a_callers_cluster_that_meets_the_same_server_changes_nothing(value: str) -> None:
    assert of_cluster(value)[0] == "=> reaches web-v1-0"
