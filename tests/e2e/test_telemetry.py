"""Traces and access logs as policies ask for them, read where a user reads them."""

import json
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from loopmesh.observe.span import Span
from loopmesh.observe.store import find_trace
from loopmesh.testing.mesh_process import MeshProcess
from tests.observing import wait_for

FOLDER = Path(__file__).parent / "scripted"
MESH_CONFIG = """
extensionProviders:
- {name: spans, opentelemetry: {service: otel.example.com, port: 4317}}
- {name: lines, envoyFileAccessLog: {path: /dev/stdout, logFormat: {text: "lines %REQ(X-CALL)%"}}}
"""
TELEMETRY = """
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: backend, namespace: scripted}
spec:
  selector: {matchLabels: {app: backend}}
"""
TRACED = """
  tracing:
  - providers: [{name: spans}]
    randomSamplingPercentage: 100
    customTags: {team: {literal: {value: shop}}, caller: {header: {name: x-call}}}
"""
NOT_TRACED = "  tracing: [{disableSpanReporting: true}]\n"
FAILURES_LOGGED = """
  accessLogging:
  - providers: [{name: lines}]
    filter: {expression: "response.grpc_status != 0"}
"""


class Lab:
    """The scripted mesh, with one Telemetry for its backend at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "script").mkdir()
        (folder / "policies").mkdir()
        (folder / "policies" / "meshconfig.yaml").write_text(MESH_CONFIG)
        self.mesh = MeshProcess(
            state=folder / "state",
            folder=FOLDER,
            up_arguments=("--values", "values.yaml", "--policies", "policies"),
            environment={"SCRIPT": str(folder / "script")},
        )

    def apply(self, telemetry: str) -> None:
        (self.folder / "policies" / "telemetry.yaml").write_text(telemetry)
        self.mesh.command("apply", "-f", str(self.folder / "policies"))
        # Connections opened before take one more call by the old policies, one to each of two instances.
        for _ in range(4):
            self.call()

    def call(self, **script: object) -> str:
        """Calls the backend under a trace of the test's own; returns the trace's ID."""
        (self.folder / "script" / "all.json").write_text(json.dumps(script))
        trace = secrets.token_hex(16)
        headers = ("-H", f"traceparent:00-{trace}-{secrets.token_hex(8)}-01", "-H", f"x-call:{trace}")
        self.mesh.run("call", "--from", "caller", "backend:7000", "Do", *headers)
        return trace

    def spans(self, trace: str) -> dict[str, list[Span]]:
        """The spans of proxies by service, once the caller's are there."""
        return wait_for("spans of the caller's proxy", lambda: self._spans(trace))

    def _spans(self, trace: str) -> dict[str, list[Span]]:
        found: dict[str, list[Span]] = {}
        for span in find_trace(self.mesh.state / "traces.db", trace):
            if span.proxy:
                found.setdefault(span.service, []).append(span)
        return found if "caller" in found else {}

    def has_logged(self, call: str) -> bool:
        return f"lines {call}" in self.logged()

    def logged(self) -> str:
        return "".join(path.read_text() for path in sorted((self.mesh.state / "logs").glob("backend-*.envoy.log")))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    running = Lab(tmp_path_factory.mktemp("telemetry"))
    running.mesh.up()
    yield running
    running.mesh.down()


def test_spans_carry_the_tags_a_policy_asks_for(lab: Lab) -> None:
    lab.apply(TELEMETRY + TRACED)
    trace = lab.call()
    wait_for("spans of the backend's proxy", lambda: "backend" in lab.spans(trace))
    tags = [span.attributes for span in lab.spans(trace)["backend"] if span.kind == "server"]
    assert [(one["team"], one["caller"], one["istio.canonical_service"]) for one in tags] == [
        ("shop", trace, "backend")
    ]


def test_a_proxy_makes_no_spans_where_a_policy_forbids_them(lab: Lab) -> None:
    lab.apply(TELEMETRY + NOT_TRACED)
    silent = lab.call()
    lab.apply(TELEMETRY + TRACED)
    traced = lab.call()
    wait_for("spans of a later call", lambda: "backend" in lab.spans(traced))
    assert "backend" not in lab.spans(silent)


def test_only_calls_that_meet_the_condition_are_logged(lab: Lab) -> None:
    lab.apply(TELEMETRY + FAILURES_LOGGED)
    failed, answered = lab.call(code="NOT_FOUND"), lab.call()
    last = lab.call(code="NOT_FOUND")
    for one in (failed, last):
        wait_for("the failure's line", partial(lab.has_logged, one))
    assert answered not in lab.logged(), "neither by the provider nor in the mesh's own words"
