"""A process that is started again whenever it ends.

Enters: a Launch, a Backoff, a Clock. Leaves: a running process and a call of `on_exit` each time it ends unasked.
Never: decides whether the workload is ready.
"""

from collections.abc import Callable

from loopmesh.run.backoff import Backoff
from loopmesh.run.clock import Clock
from loopmesh.run.process import ChildProcess, Launch
from loopmesh.run.tasks import Tasks


class KeptProcess:
    """`restarts` counts all, `failures` those in a row without a stable run between."""

    def __init__(
        self, launch: Launch, *, backoff: Backoff, clock: Clock, tasks: Tasks, on_exit: Callable[[str], None]
    ) -> None:
        self.launch = launch
        self.restarts = 0
        self.failures = 0
        self._backoff = backoff
        self._clock = clock
        self._on_exit = on_exit
        self._child: ChildProcess | None = None
        self._stopping = False
        self._keeping = tasks.spawn(self._keep())

    @property
    def pid(self) -> int:
        """0 while none runs."""
        return self._child.pid if self._child else 0

    async def stop(self, grace_s: float) -> None:
        """Ends it for good: SIGTERM, SIGKILL after `grace_s` seconds."""
        self._stopping = True
        if self._child:
            await self._child.stop(grace_s)
        self._keeping.cancel()

    async def _keep(self) -> None:
        while True:
            started_s = self._clock.now_s()
            reason = await self._run_once()
            if self._stopping:
                return
            stable = self._clock.now_s() - started_s >= self._backoff.stable_s
            self.failures = 1 if stable else self.failures + 1
            self._on_exit(reason)
            await self._clock.sleep(self._backoff.delay_s(self.failures))
            self.restarts += 1

    async def _run_once(self) -> str:
        try:
            self._child = ChildProcess(self.launch)
        except OSError as error:
            return f"cannot be started: {error}"
        child = self._child
        await child.wait()
        self._child = None
        return child.exit_reason()
