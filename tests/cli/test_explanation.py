"""What is said of calls that do not get through: why, and what would change it."""

import re

import pytest

from loopmesh.cli.explain.advice import Advice
from loopmesh.cli.explain.advise import advise
from loopmesh.cli.explain.text import explanation_lines
from loopmesh.simulate import Call, Request
from tests.simulate.compiled_mesh import lab, shop
from tests.simulate.test_lab import RULE, V2, peers, routes

INSTANCE = re.compile(r"web-v\d-\d")


def traffic_policy(said: str) -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: web}}
spec: {{host: web, trafficPolicy: {said}}}
"""


PLAINTEXT = traffic_policy("{tls: {mode: DISABLE}}")


def allow(rule: str) -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: web}}
spec: {{selector: {{matchLabels: {{app: web}}}}, rules: [{rule}]}}
"""


def advice(*policies: str, caller: str = "client", path: str = "/", unready: tuple[str, ...] = ()) -> Advice:
    """What is said of a call of the web; the same of every instance, but for its name."""
    call = lab(*policies, unready=unready).get(caller, "web:8000", path)
    told = {INSTANCE.sub("web", one.why): one for one in advise(call, {})}
    (only,) = told.values()
    return only


def test_without_a_route_each_condition_that_was_not_met_is_named() -> None:
    told = advice(RULE, routes(f"{{match: [{{uri: {{prefix: /beta}}}}, {{headers: {{x-a: {{exact: b}}}}}}], {V2}}}"))
    assert told.why == (
        "no route takes this request: VirtualService lab/web spec.http[0] asks that the path starts with /beta; "
        "VirtualService lab/web spec.http[0] asks that header x-a is b"
    )


def test_a_route_that_answers_or_redirects_or_fails_by_itself_is_named() -> None:
    assert advice(routes("{directResponse: {status: 418}}")).why == (
        "VirtualService lab/web spec.http[0] answers by itself with HTTP 418"
    )
    assert (
        "redirects to http://other.example/ with HTTP 301"
        in advice(routes("{redirect: {authority: other.example}}")).why
    )
    fault = "{fault: {abort: {httpStatus: 503, percentage: {value: 30}}}, route: [{destination: {host: web}}]}"
    assert advice(routes(fault)).why == "VirtualService lab/web spec.http[0] ends 30% of the calls with HTTP 503"


def test_a_destination_without_healthy_instances_is_said_to_have_none() -> None:
    told = advice(unready=("web-v1-0", "web-v1-1", "web-v2-0"))
    assert told.why == "web.lab.svc.cluster.local:8000 has no instances"


def test_sides_that_do_not_agree_on_tls_name_both_policies() -> None:
    plain = lab(peers("STRICT"), PLAINTEXT).get("client", "web:8000", "/")
    (row, *_) = [line for line in explanation_lines(plain, {}) if line.strip().startswith("tls")]
    assert row.endswith("  [DestinationRule lab/web]  [PeerAuthentication lab/web spec.mtls]")
    told = advice(peers("STRICT"), PLAINTEXT)
    assert "the caller opens plaintext, and the server takes mutual TLS only" in told.why
    assert told.remedy == ("change `tls` or `mtls` in DestinationRule lab/web or PeerAuthentication lab/web spec.mtls")


def test_a_denial_tells_whether_the_caller_or_the_operation_is_wrong() -> None:
    rule = "{from: [{source: {principals: [cluster.local/ns/lab/sa/client]}}], to: [{operation: {paths: [/open]}}]}"
    assert advice(allow(rule), caller="stranger", path="/open").remedy == (
        "add cluster.local/ns/lab/sa/stranger to `from[0].source.principals`"
    )
    assert advice(allow(rule), path="/closed").remedy == "add /closed to `to[0].operation.paths`"
    assert advice(allow(rule), caller="stranger", path="/closed").why == (
        "no rule of AuthorizationPolicy lab/web speaks of cluster.local/ns/lab/sa/stranger or of GET /closed"
    )


def test_routes_that_stand_before_the_one_taken_say_what_they_ask_for() -> None:
    mesh = lab(RULE, routes(f"{{name: beta, match: [{{uri: {{prefix: /beta}}}}], {V2}}}", f"{{name: rest, {V2}}}"))
    lines = list(explanation_lines(mesh.get("client", "web:8000", "/"), {}))
    assert (
        "  not taken        beta: it asks that the path starts with /beta  [VirtualService lab/web spec.http[0]]"
        in lines
    )
    assert "  route            rest  [VirtualService lab/web spec.http[1]]" in lines


def lines(call: Call) -> list[str]:
    return list(explanation_lines(call, {}))


def test_what_a_route_rewrites_is_told_with_the_route() -> None:
    rewrite = (
        "{match: [{uri: {prefix: /old}}], rewrite: {uri: /, authority: other}, route: [{destination: {host: web}}]}"
    )
    told = lines(lab(routes(rewrite)).get("client", "web:8000", "/old/1"))
    assert "  rewrite          /old/1 -> //1, web:8000 -> other  [VirtualService lab/web spec.http[0]]" in told


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ("{percent: 50, minRetryConcurrency: 1}", "retries up to 50% of the calls on their way, and always 1"),
        (
            "{budgetInterval: 10s}",
            "retries up to 20% of the calls begun in the last 10 s or on their way, and always 3",
        ),
    ],
)
def test_a_budget_of_retries_is_told_in_place_of_the_limit_it_replaces(budget: str, told: str) -> None:
    policy = "{connectionPool: {http: {maxRetries: 7, http2MaxRequests: 9}}, retryBudget: " + budget + "}"
    (limits,) = {
        one.strip() for one in lines(lab(traffic_policy(policy)).get("client", "web:8000", "/")) if "limits" in one
    }
    assert f"0 of 9 requests in use, {told}; 10 s to connect" in limits
    assert "of 7 retries" not in limits


def test_a_budget_of_retries_is_named_with_its_place() -> None:
    alone = lab(traffic_policy("{retryBudget: {percent: 50}}")).get("client", "web:8000", "/")
    (limits,) = {one.strip() for one in lines(alone) if "limits" in one}
    assert limits.endswith("[DestinationRule lab/web spec.trafficPolicy.retryBudget]")


def test_what_the_caller_gets_from_a_proxy_is_told_as_http_or_grpc_says_it() -> None:
    only_known = lab(mesh_config="outboundTrafficPolicy: {mode: REGISTRY_ONLY}")
    assert "=> answered with HTTP 502" in lines(only_known.get("client", "nosuch:80", "/"))
    assert "=> answered with gRPC UNAVAILABLE" in lines(only_known.grpc("client", "nosuch:80", "/a.B/C"))
    beta = lab(RULE, routes(f"{{match: [{{uri: {{prefix: /beta}}}}], {V2}}}"))
    assert "=> no route with HTTP 404" in lines(beta.get("client", "web:8000", "/"))
    assert "=> reaches web-v2-0" in lines(beta.get("client", "web:8000", "/beta"))
    nobody = lab(unready=("web-v1-0", "web-v1-1", "web-v2-0")).get("client", "web:8000", "/")
    assert "=> no instance with HTTP 503" in lines(nobody)
    redirect = lab(routes("{redirect: {authority: other.example}}")).get("client", "web:8000", "/")
    assert "=> redirected with HTTP 301" in lines(redirect)


def test_a_fault_of_grpc_is_told_by_the_name_of_its_status() -> None:
    fault = "{fault: {abort: {grpcStatus: UNAVAILABLE, percentage: {value: 100}}}, route: [{destination: {host: web}}]}"
    call = lab(routes(fault)).grpc("client", "web:8000", "/a.B/C")
    (told,) = advise(call, {})
    assert told.why == "VirtualService lab/web spec.http[0] ends 100% of the calls with gRPC UNAVAILABLE"
    assert "  fault            100% end with gRPC UNAVAILABLE  [VirtualService lab/web spec.http[0]]" in lines(call)


def test_a_denial_at_a_gateway_names_it() -> None:
    closed = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: edge, namespace: shop}
spec: {selector: {matchLabels: {istio: edge}}, action: DENY, rules: [{}]}
"""
    call = shop(closed).arrival("edge", Request(authority="localhost", path="/v1/products"))
    assert "=> denied at edge-0 with HTTP 403" in lines(call)
