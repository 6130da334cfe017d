"""What routes do to a request besides choosing where it goes; the server's rules see the changed one."""

from dataclasses import replace

import pytest

from loopmesh.simulate import Call, Request, Verdict
from loopmesh.simulate.outbound import Matched
from tests.simulate.compiled_mesh import lab, landing, shares
from tests.simulate.test_lab import RULE, V1_INSTANCES, routes

WEB = "route: [{destination: {host: web}}]"
ONLY_NEW = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web}
spec: {selector: {matchLabels: {app: web}}, rules: [{to: [{operation: {paths: [/new/*]}}]}]}
"""


def matched(call: Call) -> Matched:
    assert call.outbound.matched is not None
    return call.outbound.matched


def test_a_prefix_is_rewritten_before_the_servers_rules_see_the_path() -> None:
    rewriting = f"{{match: [{{uri: {{prefix: /old}}}}], rewrite: {{uri: /new}}, {WEB}}}"
    mesh = lab(ONLY_NEW, routes(rewriting, f"{{{WEB}}}"))
    call = mesh.get("client", "web:8000", "/old/a?b=c")
    assert landing(call).request.path == "/new/a?b=c"
    assert call.percent(Verdict.REACHES) == 100
    assert mesh.get("client", "web:8000", "/elsewhere").percent(Verdict.DENIED) == 100


def test_a_path_is_rewritten_by_a_regular_expression_and_the_authority_by_name() -> None:
    rewrite = "rewrite: {uriRegexRewrite: {match: '/(\\w+)/(\\w+)', rewrite: '/\\2/\\1'}, authority: other}"
    request = landing(lab(routes(f"{{{rewrite}, {WEB}}}")).get("client", "web:8000", "/a/b?c")).request
    assert (request.path, request.authority) == ("/b/a?c", "other")


def test_headers_are_set_added_and_removed() -> None:
    changes = "headers: {request: {set: {x-set: new}, add: {x-added: more}, remove: [x-gone]}}"
    mesh = lab(routes(f"{{{changes}, {WEB}}}"))
    call = mesh.get("client", "web:8000", "/", x_set="old", x_added="some", x_gone="here")
    assert dict(landing(call).request.headers) == {"x-set": "new", "x-added": "some,more"}


def test_a_fault_takes_its_share_of_the_calls() -> None:
    fault = (
        "fault: {abort: {httpStatus: 418, percentage: {value: 20}}, delay: {fixedDelay: 2s, percentage: {value: 50}}}"
    )
    call = lab(RULE, routes(f"{{{fault}, route: [{{destination: {{host: web, subset: v1}}}}]}}")).get(
        "client", "web:8000", "/"
    )
    assert shares(call) == {"aborted": 20} | {name: percent * 0.8 for name, percent in V1_INSTANCES.items()}
    assert call.outbound.fault is not None
    assert (call.outbound.fault.delay_ms, call.outbound.fault.delay_percent) == (2000, 50)


def test_a_redirect_says_where_to() -> None:
    call = lab(routes("{redirect: {uri: /there, authority: web.example, redirectCode: 308}}")).get(
        "client", "web:8000", "/here?a=b"
    )
    assert shares(call) == {"redirected": 100}
    answer = matched(call).answer
    assert answer is not None
    assert (answer.status, answer.location) == (308, "http://web.example/there?a=b")


def test_mirrors_are_told_with_their_share_and_take_no_part_in_the_outcome() -> None:
    mirror = "mirrors: [{destination: {host: api, port: {number: 7000}}, percentage: {value: 25}}]"
    call = lab(RULE, routes(f"{{{mirror}, route: [{{destination: {{host: web, subset: v1}}}}]}}")).get(
        "client", "web:8000", "/"
    )
    (copied,) = matched(call).mirrors
    assert (copied.cluster, copied.percent) == ("outbound|7000||api.lab.svc.cluster.local", 25)
    assert shares(call) == V1_INSTANCES


def test_a_preflight_of_a_known_page_is_answered_by_the_callers_proxy() -> None:
    cors = "corsPolicy: {allowOrigins: [{exact: 'https://shop.example'}], allowMethods: [GET]}"
    mesh = lab(routes(f"{{{cors}, {WEB}}}"))
    asked = {"origin": "https://shop.example", "access_control_request_method": "GET"}
    request = replace(mesh.get("client", "web:8000", "/", **asked).outbound.request, method="OPTIONS")
    assert shares(mesh.call("client", request)) == {"answered": 100}


UNDERSCORES = """
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: underscores}
spec:
  configPatches:
  - applyTo: NETWORK_FILTER
    match:
      context: %s
      listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager}}}
    patch:
      operation: MERGE
      value:
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          common_http_protocol_options: {headers_with_underscores_action: %s}
"""


def web(headers: dict[str, str]) -> Request:
    return Request(authority="web:8000", path="/", headers=headers)


@pytest.mark.parametrize("context", ["SIDECAR_OUTBOUND", "SIDECAR_INBOUND"])
def test_header_names_with_underscores_are_refused_where_a_patch_says_so(context: str) -> None:
    mesh = lab(UNDERSCORES % (context, "REJECT_REQUEST"), routes(f"{{{WEB}}}"))
    assert mesh.call("client", web({"x_user": "ann"})).percent(Verdict.ANSWERED) == 100
    assert mesh.call("client", web({"x-user": "ann"})).percent(Verdict.REACHES) == 100


def test_header_names_with_underscores_are_dropped_where_a_patch_says_so() -> None:
    mesh = lab(UNDERSCORES % ("SIDECAR_OUTBOUND", "DROP_HEADER"), routes(f"{{{WEB}}}"))
    sent = landing(mesh.call("client", web({"x_user": "ann", "x-user": "bob"}))).request.headers
    assert dict(sent) == {"x-user": "bob"}
