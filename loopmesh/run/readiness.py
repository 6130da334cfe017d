"""Asks one workload whether it can take traffic.

Enters: a workload and its sockets. Leaves: an answer. Asked through the sidecar, so `ready` includes the proxy's
configuration and its way to the program. Never: waits for a better answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from loopmesh.model.application import HealthKind
from loopmesh.model.topology import LOOPBACK, Workload, WorkloadKind
from loopmesh.run.environment import application_target
from loopmesh.run.proxy_admin import has_configuration
from loopmesh.run.runtime_folder import WorkloadFolder
from loopmesh.run.unix_http import ask


class Answer(Enum):
    READY = "ready"
    REFUSED = "refused"
    """The program itself says that it does not serve."""
    SILENT = "silent"
    """No usable answer, this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """`reason` says why not, for the user."""

    answer: Answer
    reason: str = ""


AGENT = "kube-probe/loopmesh"
"""As Kubernetes' probes begin: a program that keeps them out of its log or its counts does so here, too."""
Prober = Callable[[float], Awaitable[Probe]]
"""Asks once; the argument is the timeout in seconds."""

BY_PROXY = "upstream "
"""Is in what the proxy says when it has found its program, or has looked for it."""
NOBODY_LISTENS = "remote connection failure"
READY = Probe(answer=Answer.READY)
_NO_CONFIGURATION = Probe(answer=Answer.SILENT, reason="its proxy has no configuration yet")


def prober_of(workload: Workload, folder: WorkloadFolder) -> Prober:
    """How this workload is asked: gateways and programs without a health check by their proxy alone."""
    kind = HealthKind.NONE if workload.health is None or workload.kind is WorkloadKind.GATEWAY else workload.health.kind
    path = workload.health.path if workload.health else ""
    port = workload.application_port

    async def probe(timeout_s: float) -> Probe:
        match kind:
            case HealthKind.GRPC:
                return await _ask_grpc(workload, folder, timeout_s)
            case HealthKind.HTTP:
                return await _ask_http(folder, path, timeout_s)
            case HealthKind.TCP:
                return await _connect(folder, port, timeout_s)
            case HealthKind.NONE:
                return await _ask_proxy(folder)

    return probe


async def _ask_grpc(workload: Workload, folder: WorkloadFolder, timeout_s: float) -> Probe:
    """A channel per question: a kept one would wait out gRPC's reconnect backoff after a restart of the proxy."""
    options = (("grpc.use_local_subchannel_pool", 1), ("grpc.default_authority", "localhost"))
    async with grpc.aio.insecure_channel(f"unix:{folder.health}", options=options) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        try:
            response = await health.Check(health_pb2.HealthCheckRequest(), timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            said = _one_line(error)
            reasons = [f"gRPC health check: {error.code().name}: {said}", _remedy(error.code(), said, workload, folder)]
            return Probe(answer=Answer.SILENT, reason="; ".join(filter(None, reasons)))
    if response.status == health_pb2.HealthCheckResponse.SERVING:
        return READY
    name = health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)
    return Probe(answer=Answer.REFUSED, reason=f"gRPC health check: {name}")


def _remedy(code: grpc.StatusCode, said: str, workload: Workload, folder: WorkloadFolder) -> str:
    """Empty while the proxy itself is not there yet."""
    if code is grpc.StatusCode.UNAVAILABLE and BY_PROXY not in said:
        return ""
    if NOBODY_LISTENS in said:
        return f"the program must listen at {application_target(workload, folder)}"
    where = f"at {workload.origin}" if workload.origin else "in the values"
    return f"if the program has none, as is asked for by default, write `health: tcp` or `health: http:/PATH` {where}"


async def _ask_http(folder: WorkloadFolder, path: str, timeout_s: float) -> Probe:
    """2xx and 3xx are ready, as for Kubernetes' httpGet probes."""
    try:
        answer = await ask(folder.health, path, timeout_s=timeout_s, agent=AGENT)
    except (OSError, TimeoutError) as error:
        return Probe(answer=Answer.SILENT, reason=f"health check GET {path}: {_of(error)}")
    if 200 <= answer.status < 400:
        return READY
    return Probe(answer=Answer.SILENT, reason=f"health check GET {path}: status {answer.status}")


async def _connect(folder: WorkloadFolder, port: int | None, timeout_s: float) -> Probe:
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await (
                asyncio.open_unix_connection(folder.application)
                if port is None
                else asyncio.open_connection(LOOPBACK, port)
            )
            writer.close()
    except (OSError, TimeoutError) as error:
        return Probe(answer=Answer.SILENT, reason=f"its program accepts no connection: {_of(error)}")
    return await _ask_proxy(folder)


async def _ask_proxy(folder: WorkloadFolder) -> Probe:
    return READY if await has_configuration(folder.proxy_admin) else _NO_CONFIGURATION


def _one_line(error: grpc.aio.AioRpcError) -> str:
    return " ".join((error.details() or "").split())[:200]


def _of(error: Exception) -> str:
    return "timed out" if isinstance(error, TimeoutError) else str(error)
