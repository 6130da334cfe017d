"""Renews certificates in time."""

import asyncio
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)
LONGEST_PAUSE_S = 30.0
"""The machine may sleep meanwhile, which a pause does not notice."""
SHORTEST_PAUSE_S = 0.05


class Rotation:
    """One task. `renew_due` does what is due and returns the time of the next, None for never; certificates issued
    meanwhile are seen because no pause is longer than a tenth of a lifetime."""

    def __init__(self, renew_due: Callable[[], float | None], clock: Callable[[], float], lifetime_s: float) -> None:
        self._renew_due = renew_due
        self._clock = clock
        self._longest_s = min(LONGEST_PAUSE_S, lifetime_s / 10)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                due_s = self._renew_due()
            except Exception:
                log.critical("certificates are not renewed any more")
                raise
            pause_s = self._longest_s if due_s is None else due_s - self._clock()
            await asyncio.sleep(max(min(pause_s, self._longest_s), SHORTEST_PAUSE_S))
