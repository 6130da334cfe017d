"""`mesh explain` shows what is going on at a destination at this moment, and why a call that was made failed."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from loopmesh.observe import find_trace
from loopmesh.testing import Mesh, MeshSession
from tests.observing import wait_for

MESH = Path(sys.executable).parent / "mesh"
RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: backend}
spec:
  host: backend
  trafficPolicy:
    connectionPool: {http: {http2MaxRequests: 3}}
    outlierDetection: {consecutive5xxErrors: 2, interval: 100ms, baseEjectionTime: 60s, maxEjectionPercent: 100}
"""
NO_RETRIES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: backend}
spec: {hosts: [backend], http: [{route: [{destination: {host: backend}}], retries: {attempts: 0}}]}
"""
ONLY_V2 = NO_RETRIES.replace("{host: backend}", "{host: backend, subset: v2}")


def run(session: MeshSession, *arguments: str) -> str:
    argv = [str(MESH), "explain", *arguments, "--state", str(session.state)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.fixture
def explain(mesh_session: MeshSession) -> Callable[..., str]:
    """What is said of a call of the caller."""
    return lambda *arguments: run(mesh_session, "--from", "caller", *arguments)


@pytest.fixture
def explain_trace(mesh_session: MeshSession) -> Callable[[str], str]:
    """What is said of the last call of a method, once its trace has come in: `last` may be the one before."""

    def trace(method: str) -> str:
        spans = find_trace(mesh_session.state / "traces.db", "last")
        urls = [str(span.attributes.get("http.url", "")) for span in spans]
        return next((spans[0].trace for url in urls if url.endswith(method)), "")

    return lambda method: run(mesh_session, "--trace", wait_for(f"a trace of {method}", lambda: trace(method)))


def test_the_fill_of_a_limit_is_told_while_calls_hang(mesh: Mesh, explain: Callable[..., str]) -> None:
    mesh.apply(RULE, NO_RETRIES)
    mesh.backend("backend").hangs()
    hanging = [mesh.start_call("caller", "backend:7000") for _ in range(3)]
    mesh.backend("backend").wait_for_calls(3)
    assert "3 of 3 requests in use" in explain("backend:7000", "a.B/C")
    assert mesh.call("caller", "backend:7000").code is grpc.StatusCode.UNAVAILABLE
    assert "3 of 3 requests in use; turned away so far: 1" in explain("backend:7000", "a.B/C")
    mesh.backend("backend").recovers()
    assert all(call.result().ok for call in hanging)
    wait_for("the limit is free", lambda: "0 of 3 requests in use" in explain("backend:7000", "a.B/C"))


def call_until(mesh: Mesh, explain: Callable[..., str], said: str) -> None:
    """Calls the backend, whose failing instance goes out in the end, until an explanation says so."""

    def is_said() -> bool:
        mesh.call("caller", "backend:7000")
        return said in explain("backend:7000", "a.B/C")

    wait_for(said, is_said)


def test_an_instance_that_is_out_is_named_and_gets_no_share(mesh: Mesh, explain: Callable[..., str]) -> None:
    mesh.apply(RULE, NO_RETRIES)
    mesh.backend("backend/v2").fails(grpc.StatusCode.UNAVAILABLE)

    call_until(mesh, explain, "out now: backend-v2-0")
    said = explain("backend:7000", "a.B/C")
    assert "backend-v1-0 50%, backend-v1-1 50%, 1 not healthy" in said
    assert "=> reaches backend-v1-0 50%, reaches backend-v1-1 50%" in said


def test_a_subset_whose_instances_are_all_out_names_them_and_the_rule(mesh: Mesh, explain: Callable[..., str]) -> None:
    mesh.apply(f"{RULE}  subsets: [{{name: v2, labels: {{version: v2}}}}]\n", ONLY_V2)
    mesh.backend("backend/v2").fails(grpc.StatusCode.UNAVAILABLE)

    call_until(mesh, explain, "=> no instance with gRPC UNAVAILABLE")
    said = explain("backend:7000", "a.B/C")
    assert "why: backend-v2-0 is ejected by `outlierDetection` of DestinationRule lab/backend (argument 1" in said
    assert "wait 60 s, and as much more for each time it was ejected before" in said


def test_an_unmet_item_of_a_when_is_told_by_its_number_in_the_policy(mesh: Mesh, explain: Callable[..., str]) -> None:
    mesh.apply("""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: backend}
spec:
  selector: {matchLabels: {app: backend}}
  rules:
  - when:
    - {key: source.namespace, values: [lab]}
    - {key: "request.headers[x-tenant]", values: [acme]}
""")
    said = explain("backend:7000", "a.B/C")
    assert "`when[1] request.headers[x-tenant]` asks for acme, and there is none" in said
    assert "(argument 1 of apply:8)" in said


def test_a_call_a_limit_turned_away_names_the_rule_with_the_limit(
    mesh: Mesh, explain_trace: Callable[[str], str]
) -> None:
    mesh.apply(RULE, NO_RETRIES)
    mesh.backend("backend").hangs()
    hanging = [mesh.start_call("caller", "backend:7000") for _ in range(3)]
    mesh.backend("backend").wait_for_calls(3)
    assert mesh.call("caller", "backend:7000", "/lab.Explained/TurnedAway").code is grpc.StatusCode.UNAVAILABLE
    said = explain_trace("/lab.Explained/TurnedAway")
    mesh.backend("backend").recovers()
    assert all(call.result().ok for call in hanging)
    assert "=> the proxy of caller-v1-0 ended it: a limit of the destination was reached (UO)" in said
    assert "policy: DestinationRule lab/backend (argument 1 of apply:8)" in said
    assert "to change it: raise `connectionPool`, or run more instances" in said


def test_a_call_that_took_too_long_names_the_route_with_the_timeout(
    mesh: Mesh, explain_trace: Callable[[str], str]
) -> None:
    mesh.apply(NO_RETRIES.replace("retries:", "timeout: 200ms, retries:"))
    mesh.backend("backend").hangs()
    mesh.call("caller", "backend:7000", "/lab.Explained/TooLong")
    said = explain_trace("/lab.Explained/TooLong")
    # The caller's proxy tells the program's how long it will wait, so either of the two may be the first to give up.
    assert re.search(r"=> the proxy of (caller-v1|backend-v[12])-\d ended it: .* \(UT\)", said)
    assert "policy: VirtualService lab/backend (argument 1 of apply:5)" in said
    assert "to change it: raise `timeout`, or `perTryTimeout` where there is one" in said


def test_a_call_for_which_all_instances_were_out_names_them_and_the_rule(
    mesh: Mesh, explain_trace: Callable[[str], str]
) -> None:
    mesh.apply(f"{RULE}  subsets: [{{name: v2, labels: {{version: v2}}}}]\n", ONLY_V2)
    mesh.backend("backend/v2").fails(grpc.StatusCode.UNAVAILABLE)

    def is_out() -> bool:
        return "no healthy upstream" in mesh.call("caller", "backend:7000", "/lab.Explained/AllOut").details

    wait_for("the only instance is out", is_out)
    assert not mesh.call("caller", "backend:7000", "/lab.Explained/NobodyLeft").ok
    said = explain_trace("/lab.Explained/NobodyLeft")
    assert "why: backend-v2-0 is ejected by `outlierDetection` of DestinationRule lab/backend (argument 1" in said


def test_a_call_to_a_name_nobody_has_names_the_services_there_are(
    mesh: Mesh, explain_trace: Callable[[str], str]
) -> None:
    assert mesh.call("caller", "nobody.invalid:1", "/lab.Explained/Nobody").code is grpc.StatusCode.UNAVAILABLE
    said = explain_trace("/lab.Explained/Nobody")
    assert "no service the caller can see is called nobody.invalid:1" in said


def test_the_tries_of_a_call_are_counted_and_the_program_that_failed_them_is_named(
    mesh: Mesh, explain_trace: Callable[[str], str]
) -> None:
    mesh.backend("backend").fails(grpc.StatusCode.UNAVAILABLE, details="no more stock")
    mesh.call("caller", "backend:7000", "/lab.Explained/Tried")
    said = explain_trace("/lab.Explained/Tried")
    assert "ended with       UNAVAILABLE: no more stock" in said
    assert "3 tries to backend.lab.svc.cluster.local:7000" in said
    assert "it answered so by itself, in every try that is allowed (URX)" in said


def test_what_a_program_answers_is_the_programs(mesh: Mesh, explain_trace: Callable[[str], str]) -> None:
    mesh.backend("backend").fails(grpc.StatusCode.FAILED_PRECONDITION, details="closed on Sundays")
    answer = mesh.call("caller", "backend:7000", "/lab.Explained/Answered")
    said = explain_trace("/lab.Explained/Answered")
    assert "ended with       FAILED_PRECONDITION: closed on Sundays" in said
    assert f"=> the program of {answer.instance} ended it" in said


def test_an_injected_failure_is_said_to_be_one(mesh: Mesh, explain_trace: Callable[[str], str]) -> None:
    fault = "fault: {abort: {grpcStatus: ABORTED, percentage: {value: 100}}}, retries:"
    mesh.apply(NO_RETRIES.replace("retries:", fault))
    assert mesh.call("caller", "backend:7000", "/lab.Explained/Injected").code is grpc.StatusCode.ABORTED
    said = explain_trace("/lab.Explained/Injected")
    assert "=> the proxy of caller-v1-0 ended it: a failure was injected (FI)" in said
    assert "VirtualService lab/backend (argument 1 of apply:5) ends 100% of the calls with gRPC ABORTED" in said


def test_a_denial_names_the_rule_that_denies(mesh: Mesh, explain_trace: Callable[[str], str]) -> None:
    mesh.apply("""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: frozen}
spec:
  selector: {matchLabels: {app: backend}}
  action: DENY
  rules:
  - to: [{operation: {methods: [POST]}}]
""")
    assert mesh.call("caller", "backend:7000", "/lab.Explained/Denied").code is grpc.StatusCode.PERMISSION_DENIED
    said = explain_trace("/lab.Explained/Denied")
    assert "ended it: AuthorizationPolicy lab/frozen denies it" in said
    assert "policy: AuthorizationPolicy lab/frozen (argument 1 of apply:9)" in said


def test_a_call_that_a_retry_repaired_has_not_failed(mesh: Mesh, explain_trace: Callable[[str], str]) -> None:
    mesh.backend("backend").fails(times=1)
    assert mesh.call("caller", "backend:7000", "/lab.Explained/Repaired").ok
    assert "has not failed" in explain_trace("/lab.Explained/Repaired")
