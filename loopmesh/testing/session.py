"""A mesh that runs for a whole test session, and everything its tests share: connections, the script, the policies."""

import os
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grpc

from loopmesh.admin.v1 import admin_pb2, admin_pb2_grpc
from loopmesh.cli.admin_limits import CHANGE_S, LIMITS
from loopmesh.cli.callee import find_instance
from loopmesh.cli.changing import Answer, raise_problems
from loopmesh.cli.client import find_workload
from loopmesh.cli.detached import Detached, start_detached
from loopmesh.cli.errors import CommandError
from loopmesh.cli.options import ControlPlaneKind, UpOptions
from loopmesh.cli.policy_files import policy_files
from loopmesh.cli.refusals import refusal_lines
from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import read_application
from loopmesh.run.state import read_record
from loopmesh.scripted.wire import SOCKET_VARIABLE
from loopmesh.testing.grpc_client import GrpcClient
from loopmesh.testing.script_author import ScriptAuthor
from loopmesh.testing.scripted_values import scripted_versions, with_backends

STOP_S = 60
MOST_AT_ONCE = 64
"""Calls in the background."""


class PolicyError(Exception):
    """The mesh did not take the policies; the text says why, with file and line or a proxy's own words."""


class StartError(Exception):
    """The mesh did not start; the text says why, as `mesh up` does."""


def _ignore(_: str) -> None:
    """For those who do not watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshOptions:
    """`folder` is where the mesh runs, and relative commands count from; `backends` are keys of services in the values
    whose programs are replaced by scripted backends."""

    values: Path
    policies: Path | None = None
    backends: Collection[str] = ()
    folder: Path
    control_plane: ControlPlaneKind = ControlPlaneKind.LOOPMESH


class MeshSession:
    """Starts with its making. Raises StartError and LookupError when it cannot."""

    def __init__(self, options: MeshOptions, folder: Path, report: Callable[[str], None] = _ignore) -> None:
        """`folder` is an empty one for all that the mesh writes; `report` takes lines about the start's progress."""
        __tracebackhide__ = True
        try:
            self.application = read_application(options.values)
            values = with_backends(options.values, options.backends, folder)
            self.versions = scripted_versions(read_application(values))
            self.base = policy_files([options.policies]) if options.policies else []
        except (InvalidInputError, CommandError) as error:
            raise StartError(str(error)) from None
        self.author = ScriptAuthor()
        self.author.start()
        self._grpc = GrpcClient()
        self._changed = self._reached = False
        self.background = ThreadPoolExecutor(MOST_AT_ONCE)
        self._state = folder / "state"
        up = UpOptions(
            values=values,
            policies=options.policies,
            state=self._state,
            edge_port=0,
            control_plane=options.control_plane,
        )
        self._mesh = self._start(up, options.folder, report)
        record = read_record(self._state)
        self._channel = grpc.insecure_channel(f"unix:{record.admin_socket if record else ''}", options=LIMITS)
        self._stub = admin_pb2_grpc.AdminServiceStub(self._channel)
        self._status = self._stub.GetStatus(admin_pb2.GetStatusRequest())

    def _start(self, options: UpOptions, folder: Path, report: Callable[[str], None]) -> Detached:
        __tracebackhide__ = True
        environment = {**os.environ, SOCKET_VARIABLE: self.author.socket}
        try:
            return start_detached(options, report, folder=folder, environment=environment, ends_with_caller=True)
        except CommandError as error:
            self.author.stop()
            raise StartError(str(error)) from None

    @property
    def state(self) -> Path:
        """The mesh's state folder. Whoever asks for it may do anything to the mesh."""
        self._changed = self._reached = True
        return self._state

    @property
    def grpc(self) -> GrpcClient:
        """Connections to proxies."""
        self._reached = True
        return self._grpc

    @property
    def edge(self) -> dict[str, str]:
        """Addresses of the edge by the names of its servers, as they are now."""
        self._reached = True
        return dict(self._stub.GetStatus(admin_pb2.GetStatusRequest()).edge)

    def workload(self, name: str) -> admin_pb2.WorkloadStatus:
        """Raises LookupError for an unknown one."""
        __tracebackhide__ = True
        self._reached = True
        return self._found(lambda status: find_workload(status, name))

    def callee(self, target: str, namespace: str) -> admin_pb2.WorkloadStatus:
        """An instance of the service that a caller in the namespace means. Raises LookupError for an unknown one."""
        __tracebackhide__ = True
        return self._found(lambda status: find_instance(status, target, namespace))

    def is_instance(self, name: str) -> bool:
        """Whether it runs, or has run when it was last asked for."""
        if all(one.name != name for one in self._status.workloads):
            self._look_again()
        return any(one.name == name for one in self._status.workloads)

    def _found(
        self, find: Callable[[admin_pb2.GetStatusResponse], admin_pb2.WorkloadStatus]
    ) -> admin_pb2.WorkloadStatus:
        """Instances come and go; their paths do not change while they are there."""
        __tracebackhide__ = True
        try:
            found = find(self._status)
            if not Path(found.outbound_socket).exists():
                self._look_again()
                found = find(self._status)
        except CommandError as error:
            raise LookupError(str(error)) from None
        return found

    def _look_again(self) -> None:
        self._status = self._stub.GetStatus(admin_pb2.GetStatusRequest())

    def renew_connections(self) -> None:
        """Calls from now on are made by new connections."""
        self._grpc.renew()

    def apply(self, files: Iterable[admin_pb2.PolicyFile]) -> None:
        """Raises PolicyError; nothing has changed then."""
        __tracebackhide__ = True
        self._changed = True
        _check(self._stub.Apply(admin_pb2.ApplyRequest(files=files), timeout=CHANGE_S))

    def restore(self) -> None:
        """Scripts, counts and policies are as they were in the beginning, and no proxy has anybody ejected.

        Proxies are told only of what may be otherwise: they learn from calls alone.
        """
        self.author.reset()
        if self._changed or self._reached:
            request = admin_pb2.ApplyRequest(files=self.base, only=True, forget=self._reached)
            _check(self._stub.Apply(request, timeout=CHANGE_S))
            self._grpc.close()
        self._changed = self._reached = False

    def delete(self, policies: Iterable[admin_pb2.PolicyName]) -> None:
        """Raises PolicyError; nothing has changed then."""
        __tracebackhide__ = True
        self._changed = True
        try:
            answer = self._stub.Delete(admin_pb2.DeleteRequest(policies=policies), timeout=CHANGE_S)
        except grpc.RpcError as error:
            raise PolicyError(error.details() or "") from None
        _check(answer)

    def stop(self) -> None:
        """Ends the mesh and everything it started."""
        self.background.shutdown(wait=False, cancel_futures=True)
        self._grpc.close()
        for _ in self._stub.Stop(admin_pb2.StopRequest(), timeout=STOP_S):
            pass
        self._channel.close()
        self._mesh.process.wait(STOP_S)
        self.author.stop()


def _check(answer: Answer) -> None:
    __tracebackhide__ = True
    try:
        raise_problems(answer.problems)
    except CommandError as error:
        raise PolicyError(str(error)) from None
    if answer.rejected:
        raise PolicyError("\n".join(refusal_lines(answer.rejected)))
    if answer.late:
        raise PolicyError(f"no answer in time from {', '.join(answer.late)}")
