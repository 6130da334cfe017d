"""Traces and access logs as policies ask for them, read where a user reads them, on both control planes."""

import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
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

    def __init__(self, folder: Path, control_plane: str) -> None:
        self.folder = folder
        (folder / "script").mkdir()
        (folder / "policies").mkdir()
        (folder / "policies" / "meshconfig.yaml").write_text(MESH_CONFIG)
        self.mesh = MeshProcess(
            state=folder / "state",
            folder=FOLDER,
            up_arguments=("--values", "values.yaml", "--policies", "policies", "--control-plane", control_plane),
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

    def traced(self, draw: int) -> bool:
        """Whether the caller's proxy makes spans of a call with this draw, of which nobody has decided before."""
        ids = [f"{part:08x}-0000-4000-8000-{secrets.token_hex(6)}" for part in (draw, 0)]
        for one in ids:
            self.mesh.run("call", "--from", "caller", "backend:7000", "Do", "-H", f"x-request-id:{one}")
        wait_for("spans of a later call", lambda: ids[1] in self._request_ids())
        return ids[0] in self._request_ids()

    def _request_ids(self) -> set[str]:
        """Of all spans of proxies; a proxy writes into the 15th place why it traces."""
        with closing(sqlite3.connect(f"file:{self.mesh.state / 'traces.db'}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT attributes FROM spans").fetchall()
        found = (json.loads(row[0]).get("guid:x-request-id", "") for row in rows)
        return {f"{one[:14]}4{one[15:]}" for one in found}

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
def lab(control_plane: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    running = Lab(tmp_path_factory.mktemp("telemetry"), control_plane)
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


def test_every_call_is_traced_until_a_policy_names_a_provider(lab: Lab) -> None:
    """A proxy draws by the first digits of a request's id (Envoy `UUIDRequestIDExtension`), of 10,000 parts."""
    lab.apply(TELEMETRY + NOT_TRACED)
    assert lab.traced(9_999)
    lab.apply(TELEMETRY.replace("backend", "caller") + "  tracing: [{providers: [{name: spans}]}]\n")
    assert lab.traced(99)
    assert not lab.traced(100)
    assert not lab.traced(9_999)


def test_only_calls_that_meet_the_condition_are_logged(lab: Lab) -> None:
    lab.apply(TELEMETRY + FAILURES_LOGGED)
    failed, answered = lab.call(code="NOT_FOUND"), lab.call()
    last = lab.call(code="NOT_FOUND")
    for one in (failed, last):
        wait_for("the failure's line", partial(lab.has_logged, one))
    assert answered not in lab.logged(), "neither by the provider nor in the mesh's own words"
