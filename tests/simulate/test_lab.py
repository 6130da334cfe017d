"""Where calls land under one policy at a time."""

from loopmesh.simulate import Verdict
from tests.simulate.compiled_mesh import lab, landing, shares

RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec:
  host: web
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
"""


def routes(*http: str) -> str:
    lines = "\n".join(f"  - {route}" for route in http)
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: web}}
spec:
  hosts: [web]
  http:
{lines}
"""


def peers(mode: str) -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: web}}
spec: {{selector: {{matchLabels: {{app: web}}}}, mtls: {{mode: {mode}}}}}
"""


V1 = "route: [{destination: {host: web, subset: v1}}]"
V2 = "route: [{destination: {host: web, subset: v2}}]"
V1_INSTANCES = {"web-v1-0": 50, "web-v1-1": 50}


def test_without_policies_every_instance_gets_its_share() -> None:
    assert set(shares(lab().get("client", "web:8000", "/"))) == {"web-v1-0", "web-v1-1", "web-v2-0"}


def test_an_instance_that_is_not_ready_gets_none() -> None:
    call = lab(unready=["web-v1-0", "web-v2-0"]).get("client", "web:8000", "/")
    assert shares(call) == {"web-v1-1": 100}


def test_a_subset_without_ready_instances_fails_its_share_of_the_calls() -> None:
    half = (
        "route: [{destination: {host: web, subset: v1}, weight: 1}, {destination: {host: web, subset: v2}, weight: 1}]"
    )
    call = lab(RULE, routes(half), unready=["web-v2-0"]).get("client", "web:8000", "/")
    assert shares(call) == {"web-v1-0": 25, "web-v1-1": 25, "no instance": 50}


def test_the_first_route_whose_conditions_hold_is_taken() -> None:
    mesh = lab(RULE, routes(f"{{match: [{{uri: {{prefix: /beta}}}}], {V2}}}", f"{{{V1}}}"))
    assert shares(mesh.get("client", "web:8000", "/beta/x")) == {"web-v2-0": 100}
    assert shares(mesh.get("client", "web:8000", "/stable")) == V1_INSTANCES


def test_retries_are_named_with_the_policy_that_asks_for_them() -> None:
    def asked_by(*policies: str, mesh_config: str = "") -> str:
        call = lab(*policies, mesh_config=mesh_config).get("client", "web:8000", "/")
        return str(call.outbound.matched and call.outbound.matched.retry.rule)

    default = "defaultHttpRetryPolicy: {attempts: 4}"
    plain = routes("{route: [{destination: {host: web}}]}")
    assert asked_by(plain) == "None"
    assert asked_by() == "None"
    assert asked_by(plain, mesh_config=default) == "MeshConfig istio-system/istio defaultHttpRetryPolicy"
    assert asked_by(mesh_config=default) == "MeshConfig istio-system/istio defaultHttpRetryPolicy"
    own = routes("{retries: {attempts: 1}, route: [{destination: {host: web}}]}")
    assert asked_by(own, mesh_config=default) == "VirtualService lab/web spec.http[0].retries"
    none = routes("{retries: {attempts: 0}, route: [{destination: {host: web}}]}")
    assert asked_by(none) == "VirtualService lab/web spec.http[0].retries"


def test_a_host_is_named_with_the_policy_that_has_added_it_or_refuses_it() -> None:
    entry = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: payments}
spec:
  hosts: [payments.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 192.0.2.1}]
"""
    added = landing(lab(entry).get("client", "payments.example.com:80", "/")).cluster
    assert str(added and added.host) == "ServiceEntry lab/payments"
    known = landing(lab(entry).get("client", "web:8000", "/")).cluster
    assert known is not None
    assert known.host is None

    refused = lab(mesh_config="outboundTrafficPolicy: {mode: REGISTRY_ONLY}").get("client", "web.example.com:80", "/")
    assert str(refused.outbound.refuses_unknown) == "MeshConfig istio-system/istio outboundTrafficPolicy"


def test_a_prefix_is_compared_without_the_query() -> None:
    mesh = lab(RULE, routes(f"{{match: [{{uri: {{exact: /beta}}}}], {V2}}}", f"{{{V1}}}"))
    assert shares(mesh.get("client", "web:8000", "/beta?x=1")) == {"web-v2-0": 100}
    assert shares(mesh.get("client", "web:8000", "/?x=/beta")) == V1_INSTANCES


def test_paths_are_normalised_before_they_are_compared() -> None:
    mesh = lab(RULE, routes(f"{{match: [{{uri: {{prefix: /beta}}}}], {V2}}}", f"{{{V1}}}"))
    assert shares(mesh.get("client", "web:8000", "/stable/../beta")) == {"web-v2-0": 100}


def test_a_regular_expression_takes_the_whole_path_in_re2() -> None:
    mesh = lab(RULE, routes(f"{{match: [{{uri: {{regex: '/[[:alpha:]]+/v2'}}}}], {V2}}}", f"{{{V1}}}"))
    assert shares(mesh.get("client", "web:8000", "/beta/v2")) == {"web-v2-0": 100}
    assert shares(mesh.get("client", "web:8000", "/beta/v2/x")) == V1_INSTANCES


def test_all_headers_of_a_match_must_hold_and_one_match_is_enough() -> None:
    matches = "match: [{headers: {a: {exact: x}, b: {regex: y+}}}, {headers: {c: {}}}]"
    mesh = lab(RULE, routes(f"{{{matches}, {V2}}}", f"{{{V1}}}"))
    assert shares(mesh.get("client", "web:8000", "/", a="x", b="yy")) == {"web-v2-0": 100}
    assert shares(mesh.get("client", "web:8000", "/", a="x")) == V1_INSTANCES
    assert shares(mesh.get("client", "web:8000", "/", c="")) == {"web-v2-0": 100}


def test_when_no_route_matches_there_is_none() -> None:
    call = lab(RULE, routes(f"{{match: [{{uri: {{prefix: /beta}}}}], {V2}}}")).get("client", "web:8000", "/")
    assert shares(call) == {"no route": 100}
    assert call.outbound.virtual_host == "web.lab.svc.cluster.local:8000"


def test_a_strict_server_refuses_plaintext_and_takes_mutual_tls() -> None:
    plain = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web}\n"
    plain += "spec: {host: web, trafficPolicy: {tls: {mode: DISABLE}}}\n"
    assert set(shares(lab(peers("STRICT")).get("client", "web:8000", "/"))) == {"web-v1-0", "web-v1-1", "web-v2-0"}
    call = lab(peers("STRICT"), plain).get("client", "web:8000", "/")
    assert call.percent(Verdict.REFUSED) == 100
    problems = {instance.problem for instance in landing(call).instances}
    assert problems == {"the caller opens plaintext, and the server takes mutual TLS only"}


def test_a_permissive_server_takes_both_and_knows_nobody_on_plaintext() -> None:
    plain = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web}\n"
    plain += "spec: {host: web, trafficPolicy: {tls: {mode: DISABLE}}}\n"
    named = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  rules: [{from: [{source: {principals: ["*"]}}]}]
"""
    assert lab(peers("PERMISSIVE"), plain).get("client", "web:8000", "/").percent(Verdict.REACHES) == 100
    assert lab(peers("PERMISSIVE"), named).get("client", "web:8000", "/").percent(Verdict.REACHES) == 100
    assert lab(peers("PERMISSIVE"), plain, named).get("client", "web:8000", "/").percent(Verdict.DENIED) == 100


def test_a_caller_is_let_through_by_what_it_does_and_who_it_is() -> None:
    mesh = lab("""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  rules:
  - from: [{source: {principals: [cluster.local/ns/lab/sa/client]}}]
    to: [{operation: {methods: [GET], paths: [/public/*], notPaths: [/public/secret]}}]
""")
    assert mesh.get("client", "web:8000", "/public/x?y=z").percent(Verdict.REACHES) == 100
    assert mesh.get("client", "web:8000", "/public/secret").percent(Verdict.DENIED) == 100
    assert mesh.get("client", "web:8000", "/private").percent(Verdict.DENIED) == 100
    assert mesh.get("stranger", "web:8000", "/public/x").percent(Verdict.DENIED) == 100
    assert mesh.grpc("client", "web:8000", "/public/x").percent(Verdict.DENIED) == 100


def test_a_call_of_a_host_nobody_has_declared_leaves_the_mesh_in_plaintext() -> None:
    for authority, port in (("api.example.com:8443", 8443), ("api.example.com", 80)):
        call = lab().get("client", authority, "/")
        assert shares(call) == {"leaves the mesh": 100}
        (instance,) = landing(call).instances
        assert (instance.endpoint.address, instance.endpoint.port, instance.tls) == ("api.example.com", port, None)
