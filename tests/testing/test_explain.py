"""`mesh explain` shows what is going on at a destination at this moment."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

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


@pytest.fixture
def explain(mesh_session: MeshSession) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        argv = [str(MESH), "explain", "--from", "caller", *arguments, "--state", str(mesh_session.state)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout

    return run


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


def test_an_instance_that_is_out_is_named_and_gets_no_share(mesh: Mesh, explain: Callable[..., str]) -> None:
    mesh.apply(RULE, NO_RETRIES)
    mesh.backend("backend/v2").fails(grpc.StatusCode.UNAVAILABLE)

    def is_out() -> bool:
        mesh.call("caller", "backend:7000")
        return "out now: 127.0.0.1:" in explain("backend:7000", "a.B/C")

    wait_for("the failing instance is out", is_out)
    said = explain("backend:7000", "a.B/C")
    assert "backend-v1-0 50%, backend-v1-1 50%, 1 not healthy" in said
    assert "=> reaches backend-v1-0 50%, reaches backend-v1-1 50%" in said
