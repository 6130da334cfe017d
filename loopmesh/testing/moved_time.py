"""Time that passes by itself and can be moved ahead. Belongs to one event loop."""

import asyncio
import math
import time
from collections.abc import Callable


class MovedTime:
    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._changed = asyncio.Event()

    def now_s(self) -> float:
        """Seconds since some point in the past; may be asked from any thread."""
        return time.monotonic() + self._ahead_s

    def move(self, seconds: float) -> None:
        """Those who wait for a moment that is past now go on."""
        self._ahead_s += seconds
        self.wake()

    def wake(self) -> None:
        """Lets everybody who waits look again."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def pass_by(self, seconds: float, holds: Callable[[], bool]) -> None:
        """Waits that long, or until `holds` is false any more; infinity waits for that alone."""
        end = self.now_s() + seconds
        while holds() and (left := end - self.now_s()) > 0:
            try:
                async with asyncio.timeout(None if math.isinf(left) else left):
                    await self._changed.wait()
            except TimeoutError:
                return
