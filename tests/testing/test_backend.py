"""What a scripted backend does, as its callers and the test's counts see it."""

import http.client
import socket

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from loopmesh.testing import Mesh, MeshSession

RETRIES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: backend}
spec:
  hosts: [backend]
  http: [{route: [{destination: {host: backend}}], retries: {attempts: 3, retryOn: unavailable}}]
"""


def test_it_fails_as_often_as_it_is_told_whichever_instances_are_called(mesh: Mesh) -> None:
    mesh.apply(RETRIES)
    backend = mesh.backend("backend")
    backend.fails(times=3)
    assert mesh.call("caller", "backend:7000").ok
    assert len(backend.calls) == 4


def test_a_failure_carries_its_code_and_its_words(mesh: Mesh) -> None:
    mesh.backend("backend").fails(grpc.StatusCode.ABORTED, details="the row has changed")
    answer = mesh.call("caller", "backend:7000")
    assert (answer.ok, answer.code, answer.details) == (False, grpc.StatusCode.ABORTED, "the row has changed")
    assert answer.instance.startswith("backend-")


def test_what_was_said_last_holds_first_and_then_what_was_said_before(mesh: Mesh) -> None:
    backend = mesh.backend("backend")
    backend.answers(StringValue(value="first"), headers={"x-from": "script"})
    backend.fails(grpc.StatusCode.INTERNAL, times=1)
    assert mesh.call("caller", "backend:7000").code is grpc.StatusCode.INTERNAL
    answer = mesh.call("caller", "backend:7000")
    assert StringValue.FromString(answer.body).value == "first"
    assert answer.headers["x-from"] == "script"
    backend.recovers()
    assert mesh.call("caller", "backend:7000").body == b""


def test_only_the_named_version_or_instance_does_it(mesh: Mesh) -> None:
    mesh.backend("backend/v2").fails(grpc.StatusCode.INTERNAL)
    mesh.backend("backend-v1-0").fails(grpc.StatusCode.ABORTED)
    seen = {(answer.instance, answer.code.name) for answer in (mesh.call("caller", "backend:7000") for _ in range(60))}
    assert seen == {("backend-v2-0", "INTERNAL"), ("backend-v1-0", "ABORTED"), ("backend-v1-1", "OK")}
    assert mesh.backend("backend").calls_by_version.total() == 60
    assert set(mesh.backend("backend/v2").calls_by_instance) == {"backend-v2-0"}


def test_a_whole_backend_recovers_with_all_its_instances(mesh: Mesh) -> None:
    mesh.backend("backend/v2").fails(grpc.StatusCode.INTERNAL)
    mesh.backend("backend/v1").fails(grpc.StatusCode.INTERNAL)
    mesh.backend("backend/v1").recovers()
    assert {mesh.call("caller", "backend:7000").ok for _ in range(30)} == {True, False}
    mesh.backend("backend").recovers()
    assert {mesh.call("caller", "backend:7000").ok for _ in range(30)} == {True}


def test_calls_that_hang_are_counted_at_once_and_answered_when_it_recovers(mesh: Mesh) -> None:
    backend = mesh.backend("backend")
    backend.hangs()
    hung = [mesh.start_call("caller", "backend:7000") for _ in range(5)]
    backend.wait_for_calls(5)
    assert not any(call.done() for call in hung)
    backend.recovers()
    assert all(call.result(10).ok for call in hung)


def test_a_delay_ends_when_time_is_moved(mesh: Mesh) -> None:
    backend = mesh.backend("backend")
    backend.delays(3600)
    late = mesh.start_call("caller", "backend:7000", timeout_s=60)
    backend.wait_for_calls(1)
    backend.move_time(3599)
    assert not late.done()
    backend.move_time(1)
    assert late.result(30).ok


def test_a_failure_that_lasts_for_a_time_ends_when_time_is_moved(mesh: Mesh) -> None:
    backend = mesh.backend("backend")
    backend.fails(grpc.StatusCode.INTERNAL, for_s=3600)
    assert mesh.call("caller", "backend:7000").code is grpc.StatusCode.INTERNAL
    backend.move_time(3600)
    assert mesh.call("caller", "backend:7000").ok


def test_waiting_for_calls_that_do_not_come_ends_and_says_how_many_came(mesh: Mesh) -> None:
    backend = mesh.backend("backend")
    mesh.call("caller", "backend:7000")
    with pytest.raises(TimeoutError, match=r"1 of 2 calls arrived within 0\.1 s"):
        backend.wait_for_calls(2, timeout_s=0.1)


def test_what_arrived_is_known_with_method_path_headers_and_body(mesh: Mesh) -> None:
    mesh.call("caller", "backend:7000", "lab.v1.Lab/Get", b"\n\x01x", headers={"x-user": "ada"})
    (arrival,) = mesh.backend("backend").calls
    assert (arrival.protocol, arrival.path, arrival.body) == ("grpc", "/lab.v1.Lab/Get", b"\n\x01x")
    assert arrival.headers["x-user"] == "ada"
    assert "spiffe://cluster.local/ns/lab/sa/caller" in arrival.headers["x-forwarded-client-cert"]


def test_http_calls_are_answered_by_path_with_status_headers_and_body(mesh: Mesh) -> None:
    web = mesh.backend("web")
    web.answers('{"price": 7}', headers={"content-type": "application/json"}, path="/price")
    web.fails(status=404, path="/none")
    answer = mesh.http("caller", "web:8000", "/price?currency=EUR")
    assert (answer.status, answer.json, answer.instance) == (200, {"price": 7}, "web-v1-0")
    assert answer.headers["content-type"] == "application/json"
    assert mesh.http("caller", "web:8000", "/none").status == 404
    assert mesh.start_http("caller", "web:8000", "/other", method="PUT", body="x" * 100_000).result(10).ok
    assert [(one.method, one.path, len(one.body)) for one in web.calls] == [
        ("GET", "/price?currency=EUR", 0),
        ("GET", "/none", 0),
        ("PUT", "/other", 100_000),
    ]


def test_health_checks_are_answered_whatever_the_script_says_and_not_counted(mesh: Mesh) -> None:
    web = mesh.backend("web")
    web.fails(status=503)
    probe = {"user-agent": "kube-probe/1.36"}
    assert mesh.http("caller", "web:8000", "/healthz", headers=probe).status == 200
    assert mesh.http("caller", "web:8000", "/healthz").status == 503
    assert [dict(one.headers).get("user-agent") for one in web.calls] == [None]


def test_a_body_in_chunks_and_a_head_request_are_understood(mesh: Mesh, mesh_session: MeshSession) -> None:
    web = mesh.backend("web")
    web.answers("hidden from HEAD")
    connection = http.client.HTTPConnection("web:8000")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(mesh_session.workload("caller").outbound_socket)
    connection.request(
        "POST", "/", iter([b"one", b"two"]), encode_chunked=True, headers={"transfer-encoding": "chunked"}
    )
    assert connection.getresponse().read() == b"hidden from HEAD"
    assert web.calls[0].body == b"onetwo"
    assert mesh.http("caller", "web:8000", method="HEAD").body == b""
    assert mesh.http("caller", "web:8000").body == b"hidden from HEAD", "the connection is still in step"


def test_counts_begin_at_zero_in_each_test(mesh: Mesh) -> None:
    assert mesh.backend("backend").calls == []
