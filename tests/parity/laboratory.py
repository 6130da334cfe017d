"""The laboratory's mesh: one a session and control plane; its policies are swapped for every case.

Enters: cases. Leaves: what is not as they expect. Never: a restart between cases.
"""

import http.client
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import grpc

from loopmesh.admin.v1 import admin_pb2, admin_pb2_grpc
from loopmesh.cli.explain.live_call import LiveMesh
from loopmesh.run.envoy_binary import find_envoy
from loopmesh.testing.mesh_process import MeshProcess
from tests.parity.calling import Way, _UnixConnection, make_call
from tests.parity.case import Call, Case
from tests.parity.certificates import write_certificates
from tests.parity.explanation import explained, surprises
from tests.parity.observation import Observation, differences
from tests.parity.tracing import Traces, request_id

LAB = Path(__file__).with_name("lab")
PATIENCE_S = 10
ARRIVAL_S = 2
OUTSIDE_PORT = "OUTSIDE_PORT"
DRAINING = "/stats?filter=listener_manager.total_(filter_chains|listeners)_draining"
# A mesh lets calls on replaced listeners go on for a while; a case must not be answered under the policies before it.
ENVOY = """#!/bin/sh
for word; do
  shift
  [ "$before" = --drain-time-s ] && word=0
  before=$word
  set -- "$@" "$word"
done
exec {envoy} "$@"
"""


class NotAcceptedError(Exception):
    """The mesh refused a case's policies; the message holds the reasons."""


class Laboratory:
    """Made by `open_laboratory`."""

    def __init__(self, stub: admin_pb2_grpc.AdminServiceStub, folder: Path) -> None:
        self._stub = stub
        self._folder = folder
        self._numbers = itertools.count(1)
        self._traces = Traces(folder / "state" / "traces.db")

    def run(self, case: Case) -> list[str]:
        """What is not as expected, or not as `mesh explain` has told. Raises NotAcceptedError."""
        self.apply(case.policies, case.mesh_config)
        status = self.status()
        mesh = LiveMesh(status)
        return [f"{call.call}: {line}" for call in case.calls for line in self._check(call, mesh, status)]

    def apply(self, policies: str, mesh_config: str = "") -> None:
        """Returns when every proxy has these policies only and nothing is left of those before."""
        files = {"policies.yaml": policies, "meshconfig.yaml": mesh_config}
        given = [admin_pb2.PolicyFile(path=name, content=text.encode()) for name, text in files.items() if text]
        answer = self._stub.Apply(admin_pb2.ApplyRequest(files=given, only=True))
        problems = [f"{one.file}:{one.line}: {one.value}: {one.rule}; {one.remedy}" for one in answer.problems]
        rejections = [f"{one.workload} {one.resource_type}: {one.message}" for one in answer.rejected]
        if problems or rejections or answer.late:
            raise NotAcceptedError("\n".join([*problems, *rejections, *answer.late]))
        self._settle()

    def observe(self, call: Call) -> Observation:
        """Makes one call, whatever is expected of it."""
        return make_call(call, self._way(call.sender), next(self._numbers))

    def status(self) -> admin_pb2.GetStatusResponse:
        return self._stub.GetStatus(admin_pb2.GetStatusRequest())

    def _made(self, call: Call) -> dict[int, Observation]:
        """By the numbers of the calls."""
        way = self._way(call.sender)
        numbers = [next(self._numbers) for _ in range(call.times)]
        with ThreadPoolExecutor(call.times if call.together else 1) as pool:
            seen = list(pool.map(lambda number: make_call(call, way, number), numbers))
        return dict(zip(numbers, seen, strict=True))

    def _check(self, call: Call, mesh: LiveMesh, status: admin_pb2.GetStatusResponse) -> list[str]:
        port = (self._folder / "outside.port").read_text()
        call = replace(call, call=call.call.replace(OUTSIDE_PORT, port))
        told = explained(mesh, status, call)
        seen = self._made(call)
        found = list(seen.values())
        unexpected = [*differences(call.expect, found, lambda wanted: self._arrivals(set(map(str, seen)), wanted))]
        if call.expect.trace:
            arrived = [one.seen["x-request-id"] for one in found if "x-request-id" in one.seen]
            unexpected += self._traces.differences(
                call.expect.trace, [*(request_id(call.draw, number) for number in seen), *arrived]
            )
        return [*unexpected, *surprises(told, found)]

    def _way(self, sender: str) -> Way:
        status = self.status()
        if sender.startswith("edge/"):
            return Way(
                address=status.edge[sender.removeprefix("edge/")].partition("://")[2], dialled={}, folder=self._folder
            )
        found = next(one for one in status.workloads if one.name.startswith(f"{sender}-"))
        dialled = json.loads((self._folder / f"{found.name}.json").read_text())
        return Way(unix=Path(found.outbound_socket), dialled=dialled, folder=self._folder)

    def _arrivals(self, ids: set[str], wanted: Mapping[str, int]) -> Counter[str]:
        """By instance. Waits while fewer have come than wanted: mirrored copies come after the answer."""
        deadline = time.monotonic() + ARRIVAL_S
        while True:
            counted = Counter(one["instance"] for one in self._written() if one["call"] in ids)
            if counted.total() >= sum(wanted.values()) or time.monotonic() > deadline:
                return counted
            time.sleep(0.01)

    def _written(self) -> Iterator[dict[str, str]]:
        path = self._folder / "arrivals"
        return (json.loads(line) for line in path.read_text().splitlines()) if path.exists() else iter(())

    def _settle(self) -> None:
        """Until no proxy serves a connection under a replaced listener any more."""
        status = self.status()
        deadline = time.monotonic() + PATIENCE_S
        for workload in status.workloads:
            while not _is_quiet(Path(workload.envoy_admin_socket)):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{workload.name} still drains")
                time.sleep(0.005)


def _is_quiet(admin: Path) -> bool:
    connection = _UnixConnection(admin)
    try:
        connection.request("GET", DRAINING)
        lines = connection.getresponse().read().decode().splitlines()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return all(line.endswith(": 0") for line in lines if "draining" in line)


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
    write_certificates(folder, mesh.state / "secrets")
    mesh.up()
    try:
        admin = json.loads((mesh.state / "mesh.json").read_text())["admin_socket"]
        with grpc.insecure_channel(f"unix:{admin}") as channel:
            yield Laboratory(admin_pb2_grpc.AdminServiceStub(channel), folder)
    finally:
        mesh.down()
