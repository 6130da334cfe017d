"""Waiting for a state to change. Never: polls."""

import asyncio
from collections.abc import Callable


class Changes:
    """Whoever changes a state calls `announce`; whoever waits gives a condition on it."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def announce(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    async def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self._next.wait()

    async def within(self, seconds: float) -> bool:
        """False when nothing changed in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._next.wait()
        except TimeoutError:
            return False
        return True
