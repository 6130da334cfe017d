"""What a test can do with its mesh: policies for its own time, calls as anybody, errors that say why."""

import asyncio
import re
from pathlib import Path

import grpc
import pytest

from loopmesh.admin.v1 import admin_pb2
from loopmesh.run.unix_http import ask
from loopmesh.testing import Mesh, MeshSession, PolicyError
from tests.observing import wait_for
from tests.refused_script import REFUSED_SCRIPT

DENY_CALLER = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny-caller}
spec:
  selector: {matchLabels: {app: backend}}
  action: DENY
  rules: [{from: [{source: {principals: [cluster.local/ns/lab/sa/caller]}}]}]
"""
GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door}
spec:
  selector: {gateway: door}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
"""
EJECTION = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: backend}
spec:
  host: backend
  trafficPolicy:
    outlierDetection: {consecutive5xxErrors: 1, interval: 10ms, baseEjectionTime: 300s, maxEjectionPercent: 100}
"""
TIMEOUT = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: backend}
spec:
  hosts: [backend]
  http: [{route: [{destination: {host: backend}}], timeout: 100ms, retries: {attempts: 0}}]
"""

OTHER_NAME = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: sales, namespace: lab}
spec:
  hosts: [sales.internal]
  location: MESH_INTERNAL
  resolution: STATIC
  workloadSelector: {labels: {app: backend, version: v2}}
  ports: [{number: 80, name: grpc, protocol: GRPC, targetPort: 7000}]
"""


def test_a_policy_holds_when_apply_returns_and_no_longer_than_its_test(mesh_session: MeshSession) -> None:
    first = Mesh(mesh_session)
    first.apply(DENY_CALLER)
    assert first.call("caller", "backend:7000").code is grpc.StatusCode.PERMISSION_DENIED
    assert first.call("door", "backend:7000").ok
    mesh_session.restore()
    assert Mesh(mesh_session).call("caller", "backend:7000").ok


def test_the_next_call_on_kept_connections_meets_the_new_rules(mesh: Mesh) -> None:
    """Envoy serves a connection by the listener it was accepted on."""
    assert {mesh.call("caller", "backend:7000").ok for _ in range(20)} == {True}
    mesh.apply(DENY_CALLER)
    assert {mesh.call("caller", "backend:7000").ok for _ in range(20)} == {False}
    mesh.delete("AuthorizationPolicy", "deny-caller")
    assert {mesh.call("caller", "backend:7000").ok for _ in range(20)} == {True}


def test_a_call_under_way_ends_well_while_its_rules_change(mesh: Mesh) -> None:
    backend = mesh.backend("backend")
    backend.hangs()
    under_way = mesh.start_call("caller", "backend:7000")
    backend.wait_for_calls(1)
    mesh.apply(DENY_CALLER)
    assert mesh.call("caller", "backend:7000").code is grpc.StatusCode.PERMISSION_DENIED
    backend.recovers()
    assert under_way.result(10).ok


def test_policies_come_from_text_and_from_files_together(mesh: Mesh, tmp_path: Path) -> None:
    file = tmp_path / "timeout.yaml"
    file.write_text(TIMEOUT)
    mesh.apply(file, DENY_CALLER)
    mesh.backend("backend").hangs()
    assert mesh.call("caller", "backend:7000").code is grpc.StatusCode.PERMISSION_DENIED
    assert mesh.call("door", "backend:7000", timeout_s=30).code is grpc.StatusCode.UNAVAILABLE


def test_a_policy_the_mesh_began_with_can_be_removed_and_is_back_afterwards(mesh_session: MeshSession) -> None:
    without = Mesh(mesh_session)
    without.delete("PeerAuthentication", "default")
    with pytest.raises(PolicyError, match="there is no PeerAuthentication lab/default") as caught:
        without.delete("PeerAuthentication", "default")
    shown = [entry for entry in caught.traceback if not entry.ishidden(caught)]
    assert len(shown) == 1, "pytest shows the test's own line alone"
    assert caught.value.__suppress_context__, "and not the exception of the connection to the mesh"
    mesh_session.restore()
    Mesh(mesh_session).delete("PeerAuthentication", "default")
    mesh_session.restore()


def test_what_proxies_learned_about_instances_does_not_reach_the_next_test(mesh_session: MeshSession) -> None:
    mesh = Mesh(mesh_session)
    mesh.apply(EJECTION)
    backend = mesh.backend("backend")
    backend.fails(grpc.StatusCode.INTERNAL)
    wait_for("everybody is ejected", lambda: "no healthy upstream" in mesh.call("caller", "backend:7000").details)
    mesh_session.base.append(admin_pb2.PolicyFile(path="ejection", content=EJECTION.encode()))
    try:
        mesh_session.restore()
        assert mesh.call("caller", "backend:7000").ok, "though the same policy is in force"
    finally:
        mesh_session.base.pop()
        mesh_session.restore()


def told(proxy: Path) -> int:
    """How often a proxy has taken something."""
    answer = asyncio.run(ask(proxy, "/stats?filter=update_success", timeout_s=10))
    return sum(map(int, re.findall(r"update_success: (\d+)", answer.body)))


def test_proxies_are_told_nothing_after_a_test_that_did_nothing(mesh_session: MeshSession) -> None:
    proxy = Path(mesh_session.workload("caller").envoy_admin_socket)
    mesh_session.restore()
    first = told(proxy)
    Mesh(mesh_session).backend("backend").fails()
    mesh_session.restore()
    assert told(proxy) == first
    assert Mesh(mesh_session).call("caller", "backend:7000").ok
    mesh_session.restore()
    assert told(proxy) > first


def test_a_wrong_policy_says_where_and_why_and_changes_nothing(mesh: Mesh) -> None:
    with pytest.raises(PolicyError, match=r"(?s)argument 2 of apply:6: .*host bakend.*did you mean backend") as caught:
        mesh.apply(DENY_CALLER, TIMEOUT.replace("{host: backend}", "{host: bakend}").lstrip())
    assert "nothing was changed" in str(caught.value)
    assert mesh.call("caller", "backend:7000").ok


def test_a_policy_a_proxy_refuses_says_which_and_in_the_proxys_words(mesh: Mesh) -> None:
    with pytest.raises(PolicyError, match=r"apply:2: EnvoyFilter lab/script: .*script load error"):
        mesh.apply(REFUSED_SCRIPT, GATEWAY)
    assert mesh.edge == {}, "nothing of it is in force"


def test_the_edge_of_a_gateway_the_test_opens_can_be_called(mesh: Mesh) -> None:
    mesh.apply(GATEWAY)
    assert list(mesh.edge) == ["http"]


def test_a_real_program_is_called_by_reflection_with_a_mapping(mesh: Mesh) -> None:
    answer = mesh.call("caller", "clock:7000", "GetTime", {})
    assert answer.ok
    assert getattr(answer.message, "instance", "") == "clock-v1-0"


def test_unknown_names_are_told_with_those_there_are(mesh: Mesh) -> None:
    with pytest.raises(LookupError, match="there is no workload nobody; there are backend, caller, clock, door, web"):
        mesh.call("nobody", "backend:7000")
    with pytest.raises(LookupError, match=r"there is no service nobody\.lab; there are "):
        mesh.call("caller", "nobody:7000")
    for name in ("clock", "backend/", "backend/v9", "backend-v1-9"):
        with pytest.raises(LookupError, match="is no scripted backend; there are backend/v1, backend/v2, caller/v1"):
            mesh.backend(name)
    with pytest.raises(
        LookupError, match=r"no method is called 'Gettime'; there are lab\.clock\.v1\.ClockService/GetTime"
    ):
        mesh.call("caller", "clock:7000", "Gettime")


def test_a_host_that_policies_bring_is_called_by_a_method_named_in_full(mesh: Mesh) -> None:
    mesh.apply(OTHER_NAME)
    assert mesh.call("caller", "sales.internal:80", "lab.v1.Lab/Get").ok
    assert [arrival.path for arrival in mesh.backend("backend/v2").calls] == ["/lab.v1.Lab/Get"]
    with pytest.raises(LookupError, match=r"there is no service sales\."):
        mesh.call("caller", "sales.internal:80", "Get")


def test_names_of_services_have_no_case(mesh: Mesh) -> None:
    assert mesh.call("caller", "CLOCK:7000", "GetTime", {}).ok


def test_a_scripted_backend_takes_no_mapping_because_nobody_knows_its_request(mesh: Mesh) -> None:
    with pytest.raises(TypeError, match="give a message or bytes"):
        mesh.call("caller", "backend:7000", "lab.v1.Lab/Get", {"name": "x"})
