"""One running instance: a proxy, the program beside it, and whether they take traffic.

Enters: an InstancePlan. Leaves: two kept processes, `ready`, a reason when not. Proxy and program are started at once
and restarted apart: either goes on while the other is down. Never: starts or stops another instance.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from loopmesh.model.topology import Workload, WorkloadKind
from loopmesh.run.changes import Changes
from loopmesh.run.clock import Clock
from loopmesh.run.environment import application_target
from loopmesh.run.kept_process import KeptProcess
from loopmesh.run.plan import InstancePlan
from loopmesh.run.proxy_admin import drain, is_quiet
from loopmesh.run.readiness import Answer, Probe, Prober
from loopmesh.run.runtime_folder import WorkloadFolder
from loopmesh.run.tasks import Tasks
from loopmesh.run.timing import Timing

_QUIET_POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStatus:
    """What a user may know of an instance. `pid` is 0 for gateways and while no program runs."""

    workload: Workload
    ready: bool
    reason: str
    restarts: int
    pid: int
    proxy_pid: int
    sockets: WorkloadFolder
    application_target: str
    logs: tuple[Path, ...]


class Instance:
    """Starts with its making. `publish` is awaited with each change of `ready`, one at a time and the latest only;
    `changed` is called when anything a waiter may care about has changed."""

    def __init__(
        self,
        plan: InstancePlan,
        *,
        prober: Prober,
        publish: Callable[[bool], Awaitable[None]],
        timing: Timing,
        clock: Clock,
        tasks: Tasks,
        changed: Callable[[], None],
    ) -> None:
        self.plan = plan
        self.ready = False
        self._told: bool | None = False
        self._changes = Changes()
        self._changed = changed
        self._reason = "starting"
        self._crash = ""
        self._abandoned = False
        self._silent = 0
        self._starts = 0
        self._prober = prober
        self._publish = publish
        self._timing = timing
        self._clock = clock
        self._tasks = tasks
        plan.sockets.create()
        self._proxy = self._keep("proxy")
        self._program = self._keep("program") if plan.program else None
        self._watching = [tasks.spawn(self._watch()), tasks.spawn(self._tell())]

    @property
    def name(self) -> str:
        return self.plan.workload.name

    @property
    def is_published(self) -> bool:
        """Whether it takes traffic and all callers know. What was told before a crash counts no more."""
        return self.ready and self._told is True

    @property
    def is_gateway(self) -> bool:
        return self.plan.workload.kind is WorkloadKind.GATEWAY

    @property
    def failures(self) -> int:
        """Starts in a row that did not last, of the proxy or the program, whichever has more."""
        return max(process.failures for process in self._processes)

    @property
    def status(self) -> InstanceStatus:
        return InstanceStatus(
            workload=self.plan.workload,
            ready=self.ready,
            reason="" if self.ready else self._crash or self._reason,
            restarts=sum(process.restarts for process in self._processes),
            pid=self._program.pid if self._program else 0,
            proxy_pid=self._proxy.pid,
            sockets=self.plan.sockets,
            application_target=application_target(self.plan.workload, self.plan.sockets) if self._program else "",
            logs=tuple(process.launch.log for process in reversed(self._processes)),
        )

    async def withdraw(self) -> None:
        """Takes it out of the mesh for good; returns when that is published."""
        self._watching[0].cancel()
        self._set_ready(False, "draining")
        await self._changes.until(lambda: self._told is False or self._abandoned)
        self._watching[1].cancel()

    def abandon(self) -> None:
        """Stops watching and publishing: the whole mesh ends, nobody needs to know."""
        self._abandoned = True
        for task in self._watching:
            task.cancel()
        self._set_ready(False, "stopping")
        self._announce()

    async def let_calls_end(self) -> None:
        """Asks callers for no new requests and waits until none is under way, at most `drain_s` seconds."""
        admin = self.plan.sockets.proxy_admin
        inbound_only = not self.is_gateway
        await drain(admin, inbound_only=inbound_only)
        try:
            async with asyncio.timeout(self._timing.drain_s):
                quiet = 0
                while quiet < 2:  # The request a caller had just sent may not have arrived when first asked.
                    quiet = quiet + 1 if await is_quiet(admin, inbound_only=inbound_only) else 0
                    await asyncio.sleep(_QUIET_POLL_S)
        except TimeoutError:
            return  # What takes longer, such as a stream, ends with the program's own drain.

    async def stop_program(self) -> None:
        if self._program:
            await self._program.stop(self._timing.program_grace_s)

    async def stop_proxy(self) -> None:
        """After the program, which may call others through the proxy until it ends."""
        await self._proxy.stop(self._timing.proxy_grace_s)
        self.plan.sockets.remove()

    @property
    def _processes(self) -> tuple[KeptProcess, ...]:
        return (self._proxy, self._program) if self._program else (self._proxy,)

    def _keep(self, part: str) -> KeptProcess:
        launch = self.plan.program if part == "program" and self.plan.program else self.plan.proxy
        return KeptProcess(
            launch,
            backoff=self._timing.restart,
            clock=self._clock,
            tasks=self._tasks,
            on_exit=lambda reason: self._crashed(f"{part} {reason}"),
        )

    def _crashed(self, reason: str) -> None:
        self._starts += 1
        self._crash = reason
        self._set_ready(False, reason)
        self._announce()

    async def _watch(self) -> None:
        """Asks again soon until it is ready, and at once after a crash; seldom when all is well."""
        asked = 0
        while True:
            starts = self._starts
            probe = await self._prober(self._timing.probe_timeout_s)
            if starts == self._starts:  # An answer from before a crash says nothing.
                self._judge(probe)
            asked = 0 if self.ready and not self._silent else asked + 1
            delay_s = self._timing.probe_at_start.delay_s(asked) if asked else self._timing.probe_when_ready_s
            if await self._changes.within(delay_s):
                asked = 0

    def _judge(self, probe: Probe) -> None:
        if probe.answer is Answer.READY:
            self._silent = 0
            self._crash = ""
            self._set_ready(True, "")
            return
        self._silent += 1
        patient = self.ready and self._silent < self._timing.failures_until_unready
        if probe.answer is Answer.REFUSED or not patient:
            self._set_ready(False, probe.reason)

    def _set_ready(self, ready: bool, reason: str) -> None:
        self._reason = reason
        if ready != self.ready:
            self.ready = ready
            self._announce()

    def _announce(self) -> None:
        self._changes.announce()
        self._changed()

    async def _tell(self) -> None:
        while True:
            await self._changes.until(lambda: self.ready != self._told)
            ready = self.ready
            self._told = None  # Callers may know it or not until this is done.
            await self._publish(ready)
            self._told = ready
            self._announce()
