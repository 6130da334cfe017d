"""The laboratory's mesh: one for a file and control plane; its policies are swapped for every case.

Enters: cases. Leaves: what is not as they expect. Never: a restart between cases.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import grpc
import yaml

from loopmesh.admin.v1 import admin_pb2, admin_pb2_grpc
from loopmesh.cli.explain.failed_call import explain_failure, failure_lines
from loopmesh.cli.explain.live_call import LiveMesh
from loopmesh.cli.explain.places import find_places, rules_of
from loopmesh.observe import build_trace, find_trace
from loopmesh.run.envoy_binary import find_envoy
from loopmesh.simulate import Call as Explanation
from loopmesh.simulate.origin import Rule
from loopmesh.testing.mesh_process import MeshProcess
from tests.parity.calling import Way, make_call
from tests.parity.case import LAB_FOLDER, OUTSIDE_PORT, OUTSIDE_TLS_PORT, Call, Case
from tests.parity.certificates import write_certificates
from tests.parity.contradictions import contradictions
from tests.parity.decision import Decision, Decisions, is_whole, of_call
from tests.parity.explanation import explained, surprises
from tests.parity.observation import Observation, differences, line_differences
from tests.parity.places import misplaced
from tests.parity.proxy_log import ProxyLogs
from tests.parity.settling import settle
from tests.parity.tracing import Traces, request_id
from tests.parity.ways import OWN_STREAM, open_way
from tests.parity.written import Written

LAB = Path(__file__).with_name("lab")
DECISIONS = "decisions"
"""Beside each proxy's sockets, where it runs."""
# A mesh lets calls on replaced listeners go on for a while; a case must not be answered under the policies before it.
ENVOY = """#!/bin/sh
for word; do
  shift
  [ "$before" = --drain-time-s ] && word=0
  [ "$before" = --component-log-level ] && word=$word,rbac:debug
  [ "$before" = --file-flush-interval-msec ] && word=20
  before=$word
  set -- "$@" "$word"
done
exec {envoy} "$@"
"""


Made = tuple[Explanation, int, Observation]
"""A call: what was told of it, its number, what was seen."""


class NotAcceptedError(Exception):
    """The mesh refused a case's policies; the message holds the reasons."""


class Laboratory:
    """Made by `open_laboratory`."""

    def __init__(self, stub: admin_pb2_grpc.AdminServiceStub, folder: Path) -> None:
        self._stub = stub
        self._folder = folder
        self._numbers = itertools.count(1)
        self._mesh_config = ""
        """As it was applied last."""
        self._written = Written(folder)
        self._proxy_logs = ProxyLogs(folder / "state" / "logs")
        self._decisions = Decisions(self._proxy_logs)
        self._traces = Traces(folder / "state" / "traces.db")

    def run(self, case: Case) -> list[str]:
        """What is not as expected, or not as `mesh explain` has told. Raises NotAcceptedError."""
        case = case.placed(self._places)
        self.apply(case.policies, case.mesh_config)
        status = self.status()
        mesh = LiveMesh(status)
        return [
            f"{call.call}: {line}" for call in case.calls for line in self._check(call, mesh, status, case.policies)
        ]

    def apply(self, policies: str, mesh_config: str = "") -> None:
        """Returns when every proxy has these policies only and nothing is left of those before.

        Raises NotAcceptedError, and TimeoutError for a proxy that says nothing.
        """
        deciding = self._deciding(mesh_config)
        files = {"policies.yaml": policies, "meshconfig.yaml": mesh_config, "decisions.yaml": deciding}
        given = [admin_pb2.PolicyFile(path=name, content=text.encode()) for name, text in files.items() if text]
        answer = self._stub.Apply(admin_pb2.ApplyRequest(files=given, only=True))
        problems = [f"{one.file}:{one.line}: {one.value}: {one.rule}; {one.remedy}" for one in answer.problems]
        rejections = [f"{one.workload} {one.resource_type}: {one.message}" for one in answer.rejected]
        if problems or rejections:
            raise NotAcceptedError("\n".join([*problems, *rejections]))
        if answer.late:
            raise TimeoutError(f"no answer from {', '.join(answer.late)}")
        self._mesh_config = mesh_config
        settle(self.status())
        self._proxy_logs.forget()

    @property
    def _places(self) -> dict[str, str]:
        ports = {word: (self._folder / f"{word}.port").read_text() for word in (OUTSIDE_TLS_PORT, OUTSIDE_PORT)}
        return ports | {LAB_FOLDER: str(self._folder)}

    def _deciding(self, mesh_config: str) -> str:
        """Makes every proxy write down what it decides."""
        root = (yaml.safe_load(mesh_config) or {}).get("rootNamespace", "istio-system")
        text = (LAB / "decisions.yaml").read_text().replace("ROOT_NAMESPACE", root)
        return text.replace("DECISIONS", DECISIONS)

    def observe(self, calls: Sequence[Call], policies: str) -> tuple[list[Observation], list[str]]:
        """Makes each call once, whatever is expected of it; and what is not as `mesh explain` has told before."""
        status = self.status()
        mesh = LiveMesh(status)
        made = [(explained(mesh, status, call), *self._made_once(call, status)) for call in calls]
        untold = [line for told, _, one in made for line in surprises(told, [one])]
        rules = {rule for told, _, _ in made for rule in rules_of(told)}
        return [one for _, _, one in made], [*untold, *self._contradictions(made), *self._misplaced(rules, policies)]

    def make(self, call: Call) -> Observation:
        """Makes a call once, whatever is expected of it."""
        return self._made_once(call, self.status())[1]

    def watch(self, call: Call) -> tuple[Explanation, list[Decision]]:
        """What is told of a call, and what its proxies say when it is made once."""
        status = self.status()
        told = explained(LiveMesh(status), status, call)
        return told, self._said([(told, *self._made_once(call, status))])[0]

    def told_of(self, trace: str) -> str:
        """What `mesh explain --trace` says of a call, as far as its spans have come in."""
        state = self._folder / "state"
        spans = find_trace(state / "traces.db", trace)
        found = explain_failure(build_trace(spans), state) if spans else None
        return "\n".join(failure_lines(found)) if found else ""

    def status(self) -> admin_pb2.GetStatusResponse:
        return self._stub.GetStatus(admin_pb2.GetStatusRequest())

    def _made_once(self, call: Call, status: admin_pb2.GetStatusResponse) -> tuple[int, Observation]:
        """With the number of the call."""
        number = next(self._numbers)
        with self._way(call, status) as way:
            return number, make_call(call, way, number)

    def _made(self, call: Call, way: Way) -> dict[int, Observation]:
        """By the numbers of the calls."""
        numbers = [next(self._numbers) for _ in range(call.times)]
        with ThreadPoolExecutor(call.times if call.together else 1) as pool:
            seen = list(pool.map(lambda number: make_call(call, way, number), numbers))
        return dict(zip(numbers, seen, strict=True))

    def _check(self, call: Call, mesh: LiveMesh, status: admin_pb2.GetStatusResponse, policies: str) -> list[str]:
        self._written.forget_lines()
        with self._way(call, status) as way:
            # The way of what is no HTTP may have been opened just now.
            told = explained(LiveMesh(status) if OWN_STREAM.match(call.call) else mesh, status, call)
            seen = self._made(call, way)
        found = list(seen.values())
        unexpected = [
            *differences(call.expect, found, lambda wanted: self._written.arrivals(set(map(str, seen)), wanted))
        ]
        if call.expect.logged is not None:
            unexpected += line_differences(call.expect.logged, self._written.lines(len(call.expect.logged)))
        if call.expect.trace:
            arrived = [one.seen["x-request-id"] for one in found if "x-request-id" in one.seen]
            unexpected += self._traces.differences(
                call.expect.trace, [*(request_id(call.draw, number) for number in seen), *arrived]
            )
        contradicted = self._contradictions([(told, number, one) for number, one in seen.items()])
        unexpected += [*surprises(told, found), *contradicted, *self._misplaced(rules_of(told), policies)]
        return unexpected

    def _misplaced(self, rules: set[Rule], policies: str) -> Iterator[str]:
        places, _ = find_places(self._folder / "state", rules)
        return misplaced(places, rules, policies, self._mesh_config)

    def _contradictions(self, made: Sequence[Made]) -> Iterator[str]:
        """For each call what its proxies say against what was told."""
        for (told, _, one), said in zip(made, self._said(made), strict=True):
            if not is_whole(told, one, said):
                yield f"no proxy says what it decided; {said}; {one}"
            yield from contradictions(told, said)

    def _said(self, made: Sequence[Made]) -> list[list[Decision]]:
        """By call, what its proxies have decided."""
        found = self._decisions.wait_for(
            [Path(one.envoy_admin_socket).with_name(DECISIONS) for one in self.status().workloads],
            lambda found: all(is_whole(told, one, of_call(number, one, found)) for told, number, one in made),
        )
        return [of_call(number, one, found) for _, number, one in made]

    def _way(self, call: Call, status: admin_pb2.GetStatusResponse) -> AbstractContextManager[Way]:
        return open_way(call, status, self._stub, self._folder)


@contextmanager
def open_laboratory(folder: Path, control_plane: str) -> Iterator[Laboratory]:
    """A running mesh; `folder` takes its state and what its programs write down."""
    wrapper = folder / "envoy"
    wrapper.write_text(ENVOY.format(envoy=find_envoy({})))
    wrapper.chmod(0o700)
    mesh = MeshProcess(
        state=folder / "state",
        folder=LAB,
        up_arguments=("--values", "values.yaml", "--control-plane", control_plane),
        environment={"LAB": str(folder), "ENVOY_PATH": str(wrapper)},
    )
    write_certificates(folder, mesh.state)
    mesh.up()
    try:
        admin = json.loads((mesh.state / "mesh.json").read_text())["admin_socket"]
        with grpc.insecure_channel(f"unix:{admin}") as channel:
            yield Laboratory(admin_pb2_grpc.AdminServiceStub(channel), folder)
    finally:
        mesh.down()
