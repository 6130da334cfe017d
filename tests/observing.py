"""Waits for what can be observed; the only place where tests let time pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Observed = TypeVar("Observed")


def wait_for(what: str, observe: Callable[[], Observed], timeout_s: float = 60) -> Observed:
    """Asks until `observe` returns something true; fails with the last answer after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while not (seen := observe()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}; last seen: {seen!r}"
        time.sleep(0.02)
    return seen


async def wait_until(what: str, observe: Callable[[], Awaitable[Observed]], timeout_s: float = 60) -> Observed:
    """The same, where `observe` has to be awaited."""
    deadline = time.monotonic() + timeout_s
    while not (seen := await observe()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}; last seen: {seen!r}"
        await asyncio.sleep(0.02)
    return seen
