"""AdminService: how the other commands talk to the running mesh. Thin: everything is done by `Mesh` and `Steering`."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any

import grpc

from loopmesh.admin.v1 import admin_pb2, admin_pb2_grpc
from loopmesh.cli.admin_limits import LIMITS
from loopmesh.cli.admin_messages import (
    diff_message,
    outcome,
    patch_message,
    rejection_message,
)
from loopmesh.cli.blame import Refusal
from loopmesh.cli.called_service import find_called
from loopmesh.cli.mesh import Mesh
from loopmesh.cli.planning import plan_fault, plan_shift
from loopmesh.cli.policy_change import ChangeReport, PolicyChange
from loopmesh.cli.problem_messages import problem_messages
from loopmesh.cli.rule_names import policy_name, rule_name
from loopmesh.model.added_host import Called
from loopmesh.model.policy import Source
from loopmesh.model.problem import InvalidInputError, Origin
from loopmesh.model.topology import Forward
from loopmesh.run.errors import RunError
from loopmesh.run.instance import InstanceStatus

Context = grpc.aio.ServicerContext[Any, Any]
STOP_GRACE_S = 0.5
NOWHERE = Origin(file="", line=0)


class AdminServer(admin_pb2_grpc.AdminServiceServicer):
    """`stop` is called once somebody asked for the end; it reports lines until everything has ended."""

    def __init__(self, mesh: Mesh, stop: Callable[[Callable[[str], None]], Awaitable[None]], pid: int) -> None:
        self._mesh = mesh
        self._stop = stop
        self._pid = pid
        self._server = grpc.aio.server(options=LIMITS)
        admin_pb2_grpc.add_AdminServiceServicer_to_server(self, self._server)

    async def start(self) -> None:
        self._server.add_insecure_port(f"unix:{self._mesh.admin_socket}")
        await self._server.start()
        self._mesh.admin_socket.chmod(0o600)

    async def close(self) -> None:
        await self._server.stop(STOP_GRACE_S)

    async def GetStatus(self, request: admin_pb2.GetStatusRequest, context: Context) -> admin_pb2.GetStatusResponse:
        services = [
            admin_pb2.ServiceInfo(
                name=service.name,
                namespace=service.namespace,
                ports={port.name: port.number for port in service.ports},
            )
            for service in self._mesh.application.services
        ]
        statuses = self._mesh.supervisor.statuses()
        token_rules = self._mesh.steering.token_sources(found.workload for found in statuses)
        refusals = await self._mesh.steering.refusals()
        return admin_pb2.GetStatusResponse(
            workloads=[
                self._status(found, token_rules[found.workload.name], refusals.get(found.workload.name, ()))
                for found in statuses
            ],
            edge=self._mesh.steering.edge,
            runtime_folder=str(self._mesh.runtime_folder),
            pid=self._pid,
            services=services,
        )

    async def Apply(self, request: admin_pb2.ApplyRequest, context: Context) -> admin_pb2.ApplyResponse:
        removed = tuple(map(policy_name, request.removed))
        change = PolicyChange(files=_files(request.files), removed=removed, only=request.only, forget=request.forget)
        try:
            return admin_pb2.ApplyResponse(**outcome(await self._change(change)))
        except InvalidInputError as error:
            return admin_pb2.ApplyResponse(problems=problem_messages(error.problems))
        except RunError as error:
            await _fail(context, error)
            raise

    async def Delete(self, request: admin_pb2.DeleteRequest, context: Context) -> admin_pb2.DeleteResponse:
        removed = tuple(map(policy_name, request.policies))
        change = PolicyChange(removed=removed, removed_files=_files(request.files))
        try:
            return admin_pb2.DeleteResponse(**outcome(await self._change(change)))
        except InvalidInputError as error:
            return admin_pb2.DeleteResponse(problems=problem_messages(error.problems))
        except RunError as error:
            await _fail(context, error)
            raise

    async def _change(self, change: PolicyChange) -> ChangeReport:
        """To its end, though whoever asked may have gone: half of it is no state for a mesh."""
        return await asyncio.shield(self._mesh.steering.change(change))

    async def Diff(self, request: admin_pb2.DiffRequest, context: Context) -> admin_pb2.DiffResponse:
        try:
            change = PolicyChange(
                files=_files(request.files),
                removed=tuple(map(policy_name, request.removed)),
                removed_files=_files(request.removed_files),
            )
            return diff_message(await self._mesh.steering.difference(change))
        except InvalidInputError as error:
            return admin_pb2.DiffResponse(problems=problem_messages(error.problems))
        except RunError as error:
            await _fail(context, error)
            raise

    async def PlanShift(self, request: admin_pb2.PlanShiftRequest, context: Context) -> admin_pb2.PlanShiftResponse:
        try:
            return plan_shift(self._mesh.steering, request)
        except InvalidInputError as error:
            return admin_pb2.PlanShiftResponse(problems=problem_messages(error.problems))
        except RunError as error:
            await _fail(context, error)
            raise

    async def PlanFault(self, request: admin_pb2.PlanFaultRequest, context: Context) -> admin_pb2.PlanFaultResponse:
        try:
            return plan_fault(self._mesh.steering, request)
        except InvalidInputError as error:
            return admin_pb2.PlanFaultResponse(problems=problem_messages(error.problems))
        except RunError as error:
            await _fail(context, error)
            raise

    async def LocateRules(
        self, request: admin_pb2.LocateRulesRequest, context: Context
    ) -> admin_pb2.LocateRulesResponse:
        policies = self._mesh.steering.policy_set
        found = [policies.origin_at(policy_name(rule.policy), rule.place) or NOWHERE for rule in request.rules]
        said = [policies.said_at(policy_name(field.policy), field.place) for field in request.fields]
        return admin_pb2.LocateRulesResponse(
            origins=[admin_pb2.RuleOrigin(file=one.file, line=one.line) for one in found],
            said=["" if one is None else json.dumps(one) for one in said],
        )

    async def Scale(self, request: admin_pb2.ScaleRequest, context: Context) -> admin_pb2.ScaleResponse:
        try:
            scaled = await self._mesh.rollout.scale(request.service, request.version, request.replicas)
        except RunError as error:
            await _fail(context, error)
            raise
        return admin_pb2.ScaleResponse(started=scaled.started, stopped=scaled.stopped)

    async def Restart(
        self, request: admin_pb2.RestartRequest, context: Context
    ) -> AsyncIterator[admin_pb2.RestartResponse]:
        async for line in _lines(lambda report: self._mesh.rollout.restart(request.service, report), context):
            yield admin_pb2.RestartResponse(message=line)

    async def Stop(self, request: admin_pb2.StopRequest, context: Context) -> AsyncIterator[admin_pb2.StopResponse]:
        async for line in _lines(self._stop, context):
            yield admin_pb2.StopResponse(message=line)

    async def Forward(
        self, request: admin_pb2.ForwardRequest, context: Context
    ) -> AsyncIterator[admin_pb2.ForwardResponse]:
        try:
            opened = await self._mesh.steering.open_forward(
                Forward(
                    workload=request.workload,
                    host=self._called(request),
                    port=request.port,
                    listen_address=request.listen_address,
                    listen_port=request.listen_port,
                )
            )
        except RunError as error:
            await _fail(context, error)
            raise
        try:
            yield admin_pb2.ForwardResponse(listen_address=opened.listen_address, listen_port=opened.listen_port)
            await asyncio.Event().wait()
        finally:
            # Whoever asked has gone; their cancellation must not leave the port open.
            await asyncio.shield(self._mesh.steering.close_forward(opened))

    def _called(self, request: admin_pb2.ForwardRequest) -> str:
        services: tuple[Called, ...] = (*self._mesh.application.services, *self._mesh.steering.added_hosts)
        workloads = self._mesh.supervisor.workloads
        return find_called(services, workloads, request.workload, request.service, request.port)

    def _status(
        self, found: InstanceStatus, token_rules: Mapping[str, Source], refusals: Iterable[Refusal]
    ) -> admin_pb2.WorkloadStatus:
        patches = map(patch_message, self._mesh.steering.applied_patches(found.workload))
        return admin_pb2.WorkloadStatus(
            name=found.workload.name,
            service=found.workload.service,
            namespace=found.workload.namespace,
            version=found.workload.version,
            ready=found.ready,
            restarts=found.restarts,
            pid=found.pid,
            spiffe_id=self._mesh.authority.own(found.workload.identity).spiffe_id,
            envoy=admin_pb2.EnvoyStatus(pid=found.proxy_pid, rejected=map(rejection_message, refusals)),
            reason=found.reason,
            outbound_socket=str(found.sockets.outbound),
            application_target=found.application_target,
            envoy_admin_socket=str(found.sockets.proxy_admin),
            logs=[str(path) for path in found.logs],
            token_rules={name: rule_name(rule.policy, rule.place) for name, rule in token_rules.items()},
            patches=patches,
        )


async def _lines(work: Callable[[Callable[[str], None]], Awaitable[None]], context: Context) -> AsyncIterator[str]:
    """What the work reports, as it does; a RunError ends the call with its text."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    task = asyncio.ensure_future(work(lines.put_nowait))
    task.add_done_callback(lambda _: lines.put_nowait(None))
    while (line := await lines.get()) is not None:
        yield line
    try:
        await task
    except RunError as error:
        await _fail(context, error)


async def _fail(context: Context, error: RunError) -> None:
    await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def _files(files: Iterable[admin_pb2.PolicyFile]) -> tuple[tuple[str, bytes], ...]:
    return tuple((file.path, file.content) for file in files)
