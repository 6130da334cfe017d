"""Renews certificates in time."""

import asyncio
from collections.abc import Callable

from loopmesh.control.secrets import SecretDiscovery

LONGEST_PAUSE_S = 30.0
SHORTEST_PAUSE_S = 0.05


class Rotation:
    """One task; it wakes up at the next due time, or now and then to see certificates issued meanwhile."""

    def __init__(self, secrets: SecretDiscovery, clock: Callable[[], float]) -> None:
        self._secrets = secrets
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            due_s = self._secrets.renew_due(self._clock())
            pause_s = LONGEST_PAUSE_S if due_s is None else due_s - self._clock()
            await asyncio.sleep(min(max(pause_s, SHORTEST_PAUSE_S), LONGEST_PAUSE_S))
