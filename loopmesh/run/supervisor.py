"""All instances of one mesh.

Enters: workloads. Leaves: instances that run until they are retired, their readiness told to the control plane. Every
task it starts belongs to it. Never: prints, decides which workloads there should be (see rollout).
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from loopmesh.model.topology import Workload
from loopmesh.run.changes import Changes
from loopmesh.run.clock import Clock, SystemClock
from loopmesh.run.control_plane import ControlPlane
from loopmesh.run.errors import RunError
from loopmesh.run.instance import Instance, InstanceStatus
from loopmesh.run.plan import InstancePlan
from loopmesh.run.readiness import prober_of
from loopmesh.run.tasks import Tasks
from loopmesh.run.timing import Timing

Report = Callable[[str], None]
"""Takes one line about progress."""


class Supervisor:
    """Must be made in the running event loop of the process's main thread."""

    def __init__(
        self,
        *,
        plan: Callable[[Workload], InstancePlan],
        control_plane: ControlPlane,
        timing: Timing | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._plan = plan
        self._control_plane = control_plane
        self._timing = timing or Timing()
        self._clock = clock or SystemClock()
        self._instances: dict[str, Instance] = {}
        self._changes = Changes()
        self._tasks = Tasks()
        self._stopping = False

    @property
    def workloads(self) -> tuple[Workload, ...]:
        return tuple(instance.plan.workload for instance in self._instances.values())

    @property
    def ready(self) -> frozenset[str]:
        """Names of the workloads that take traffic."""
        return frozenset(name for name, instance in self._instances.items() if instance.ready)

    def statuses(self) -> tuple[InstanceStatus, ...]:
        return tuple(instance.status for instance in self._instances.values())

    async def failure(self) -> None:
        """Returns never; raises when a task of the supervisor failed, which is a bug."""
        await self._tasks.failure()

    async def start(self, workloads: Iterable[Workload]) -> None:
        """Starts them all at once, without waiting for readiness. Raises RunError when one cannot be planned."""
        self._refuse_when_stopping()
        plans = [self._plan(workload) for workload in workloads]
        await self._control_plane.add_workloads(tuple(plan.workload for plan in plans))
        self._refuse_when_stopping()
        for plan in plans:
            self._instances[plan.workload.name] = self._run(plan)

    async def wait_until_ready(self, names: Iterable[str] | None = None, report: Report | None = None) -> None:
        """Until these, or all, take traffic and the control plane knows. `report` is told now and then who is waited
        for, and why.

        Raises RunError with the reasons when that takes longer than `ready_timeout_s`, when one has crashed
        `crashes_until_given_up` times in a row, or when one is stopped meanwhile.
        """
        waited_for = tuple(self._instances if names is None else names)
        telling = asyncio.create_task(self._tell_waiting(waited_for, report)) if report else None
        try:
            async with asyncio.timeout(self._timing.ready_timeout_s):
                await self._changes.until(lambda: self._settled(waited_for))
        except TimeoutError as error:
            raise RunError(self._why_not_ready(waited_for, f"within {self._timing.ready_timeout_s:g} s")) from error
        finally:
            if telling:
                telling.cancel()
        if not all(self._is_published(name) for name in waited_for):
            raise RunError(self._why_not_ready(waited_for, "and keeps failing"))

    async def retire(self, name: str) -> None:
        """Drains and stops one instance without a failed call, then forgets it. Raises RunError when the mesh stops."""
        self._refuse_when_stopping()
        instance = self._instances[name]
        await self._drain_and_stop(instance)
        self._instances.pop(name, None)
        await self._control_plane.remove_workload(instance.plan.workload)

    async def replace(self, name: str) -> None:
        """Drains and stops one instance and starts it anew under the same name, for stateful services."""
        self._refuse_when_stopping()
        plan = self._instances[name].plan
        await self._drain_and_stop(self._instances[name])
        self._refuse_when_stopping()
        self._instances[name] = self._run(self._plan(plan.workload))

    async def stop(self, report: Report) -> None:
        """Ends everything, in bounded time: what comes from outside first, the ways out last."""
        self._stopping = True
        instances = tuple(self._instances.values())
        gateways = [instance for instance in instances if instance.is_gateway]
        sidecars = [instance for instance in instances if not instance.is_gateway]
        for instance in instances:
            instance.abandon()
        report("draining the gateways")
        await _all(instance.let_calls_end() for instance in gateways)
        await _all(instance.stop_proxy() for instance in gateways)
        report("stopping the programs")
        await _all(instance.stop_program() for instance in sidecars)
        report("stopping the proxies")
        await _all(instance.stop_proxy() for instance in sidecars)
        self._instances.clear()
        self._changes.announce()
        await self._tasks.cancel()

    def _run(self, plan: InstancePlan) -> Instance:
        workload = plan.workload

        async def publish(ready: bool) -> None:
            await self._control_plane.set_ready(workload, ready)

        return Instance(
            plan,
            prober=prober_of(workload, plan.sockets),
            publish=publish,
            timing=self._timing,
            clock=self._clock,
            tasks=self._tasks,
            changed=self._changes.announce,
        )

    async def _drain_and_stop(self, instance: Instance) -> None:
        await instance.withdraw()
        await instance.let_calls_end()
        await instance.stop_program()
        await instance.stop_proxy()

    def _refuse_when_stopping(self) -> None:
        if self._stopping:
            raise RunError("the mesh is stopping")

    def _is_published(self, name: str) -> bool:
        return name in self._instances and self._instances[name].is_published

    def _settled(self, names: tuple[str, ...]) -> bool:
        """All are ready, or waiting for that is in vain."""
        if self._stopping or not all(name in self._instances for name in names):
            return True
        limit = self._timing.crashes_until_given_up
        waiting = [self._instances[name] for name in names if not self._is_published(name)]
        return not waiting or any(instance.failures >= limit for instance in waiting)

    def _why_not_ready(self, names: tuple[str, ...], when: str) -> str:
        if self._stopping:
            return "the mesh is stopping"
        return "\n".join(
            f"{' and '.join(waiting)} {'is' if len(waiting) == 1 else 'are'} not ready {when}: {reason}"
            for reason, waiting in self._waited_for(names).items()
        )

    def _waited_for(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Those that are not ready, by what keeps them from it."""
        found: dict[str, list[str]] = {}
        for name in names:
            if name in self._instances and not self._is_published(name):
                found.setdefault(self._instances[name].status.reason, []).append(name)
        return found

    async def _tell_waiting(self, names: Iterable[str], report: Report) -> None:
        """Each reason once, as long as it is the same workloads'."""
        told: dict[str, list[str]] = {}
        while True:
            await self._clock.sleep(self._timing.waiting_told_every_s)
            waited_for = self._waited_for(names)
            for reason, waiting in waited_for.items():
                if told.get(reason) != waiting:
                    report(f"{', '.join(waiting)}: still waiting: {reason}")
            told |= waited_for


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*work)
