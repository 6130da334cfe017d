"""Who is called under a name and port that nobody is found under: said with what could be called instead."""

from dataclasses import replace

import pytest

from loopmesh.cli.explain.advice import Advice
from loopmesh.cli.explain.advise import advise
from loopmesh.cli.explain.live_cluster import LiveCluster
from loopmesh.cli.explain.surroundings import Surroundings
from loopmesh.cli.explain.text import explanation_lines
from loopmesh.cli.known_service import KnownService
from loopmesh.simulate import Call, Request, Verdict, simulate_connection
from loopmesh.simulate.outcome import Outcome
from loopmesh.simulate.request import STREAM
from tests.simulate.compiled_mesh import CompiledMesh, lab, landing
from tests.simulate.test_lab import routes

SERVICES = (
    KnownService(name="web", namespace="lab", ports={"http": 8000}),
    KnownService(name="api", namespace="lab", ports={"grpc": 7000}),
    KnownService(name="db", namespace="lab", ports={"tcp-sql": 5432, "http-admin": 8080}),
    KnownService(name="fraud", namespace="risk", ports={"grpc": 7000}),
)
AROUND = Surroundings(services=SERVICES)
ONLY_KNOWN = "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"
REFUSED = ", and MeshConfig istio-system/istio outboundTrafficPolicy refuses other hosts"
PASSED_ON = ", and calls of unknown hosts may leave the mesh"
TCP_PORT = "port 5432 of service db.lab is no HTTP by its name, tcp-sql, so that proxies see no requests there"


def advice(call: Call, around: Surroundings = AROUND) -> Advice:
    (only,) = advise(call, {}, around)
    return only


@pytest.mark.parametrize(("mesh_config", "rest"), [(ONLY_KNOWN, REFUSED), ("", PASSED_ON)])
@pytest.mark.parametrize(
    ("authority", "why", "remedy"),
    [
        ("db:5432", TCP_PORT, "ask of the connection: TCP in place of the method, or name the port `http-…`"),
        ("web:7777", "service web.lab has no port 7777", "call web:8000 (http)"),
        ("fraud:7000", "no service fraud is in namespace lab; there is fraud.risk", "call fraud.risk:7000"),
        (
            "nosuch:80",
            "no service the caller can see is called nosuch:80",
            "call one of web:8000, api:7000, db:5432, db:8080, fraud.risk:7000, or add the host with a ServiceEntry",
        ),
        (
            "db:8080",
            "the caller's proxy does not have port 8080 of service db.lab",
            "let `egress.hosts` of the caller's Sidecar, and `exportTo` of what declares the host, admit it",
        ),
    ],
)
def test_a_host_that_is_not_known_is_told_from_one_that_is_called_in_a_wrong_way(
    authority: str, why: str, remedy: str, mesh_config: str, rest: str
) -> None:
    call = lab(mesh_config=mesh_config).get("client", authority, "/x")
    assert advice(call) == Advice(why=why + rest, remedy=remedy)


def test_a_connection_to_a_port_of_requests_is_told_so() -> None:
    mesh = lab()
    call = simulate_connection(mesh.proxy("client"), Request(authority="web:8000", path="", method=STREAM), mesh.find)
    assert advice(call) == Advice(
        why="port 8000 of service web.lab is HTTP by its name, http, so that each request has a way of its own",
        remedy="ask of a request: a path or a method of gRPC in place of TCP",
    )


SIDECAR = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: client}
spec:
  workloadSelector: {labels: {app: client}}
  egress: [{hosts: [%s]}]
  outboundTrafficPolicy: {mode: REGISTRY_ONLY}
"""
BY_SIDECAR = ", and Sidecar lab/client spec.outboundTrafficPolicy refuses other hosts"


def connect(mesh: CompiledMesh, authority: str) -> Call:
    return mesh.call("client", Request(authority=authority, path="", method=STREAM))


@pytest.mark.parametrize(("mesh_config", "hosts", "by"), [(ONLY_KNOWN, "", REFUSED), ("", "./*", BY_SIDECAR)])
def test_a_connection_to_a_host_nobody_has_names_the_policy_that_refuses_it(
    mesh_config: str, hosts: str, by: str
) -> None:
    policies = (SIDECAR % hosts,) if hosts else ()
    call = connect(lab(*policies, mesh_config=mesh_config), "nosuch:5432")
    assert call.percent(Verdict.REFUSED) == 100
    assert advice(call).why == f"no service the caller can see is called nosuch:5432{by}"


def test_a_connection_to_a_host_a_sidecar_hides_names_what_refuses_it() -> None:
    services = (*SERVICES, KnownService(name="store", namespace="lab", ports={"tcp": 6379}))
    call = connect(lab(SIDECAR % "./web.lab.svc.cluster.local"), "store:6379")
    told = advice(call, Surroundings(services=services))
    assert told.why == f"the caller's proxy does not have port 6379 of service store.lab{BY_SIDECAR}"
    assert told.remedy.startswith("let `egress.hosts` of the caller's Sidecar")
    lines = list(explanation_lines(call, {}, AROUND))
    assert "  host             none is called store:6379  [Sidecar lab/client spec.outboundTrafficPolicy]" in lines
    assert "=> refused by client-v1-0" in lines


OUTLIER = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec:
  host: web
  subsets: [{name: v2, labels: {version: v2}}]
  trafficPolicy: {outlierDetection: {baseEjectionTime: 30s}}
"""


def test_an_instance_that_is_ejected_is_named_with_the_rule_that_has_done_it() -> None:
    call = lab(OUTLIER, routes("{route: [{destination: {host: web, subset: v2}}]}")).get("client", "web:8000", "/")
    to_v2 = landing(call)
    (endpoint,) = to_v2.endpoints
    ejected = replace(
        call,
        landings=(replace(to_v2, endpoints=(replace(endpoint, healthy=False),), instances=()),),
        outcomes=(Outcome(verdict=Verdict.NO_INSTANCE, percent=100),),
    )
    live = {to_v2.name: LiveCluster(ejected=(f"{endpoint.address}:{endpoint.port}",))}
    around = Surroundings(live=live)
    assert advice(ejected, around) == Advice(
        why="web-v2-0 is ejected by `outlierDetection` of DestinationRule lab/web spec.trafficPolicy.outlierDetection: "
        "all there is of web.lab.svc.cluster.local:8000 subset v2",
        remedy="see `mesh logs` for the errors it was ejected for; wait 30 s, and as much more for each time it was "
        "ejected before, or change the rule",
    )
    (line,) = [one for one in explanation_lines(ejected, {}, around) if "ejection" in one]
    assert "out now: web-v2-0" in line
