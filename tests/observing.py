"""Waits for what can be observed; the only place where tests let time pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Observed = TypeVar("Observed")


def wait_for(what: str, observe: Callable[[], Observed], timeout_s: float = 60) -> Observed:
    """Asks until `observe` returns something true; fails with the last answer after `timeout_s` seconds."""
    seen = last_seen(observe, bool, timeout_s)
    assert seen, f"not within {timeout_s} s: {what}; last seen: {seen!r}"
    return seen


def last_seen(
    observe: Callable[[], Observed], is_enough: Callable[[Observed], bool], timeout_s: float, every_s: float = 0.02
) -> Observed:
    """Asks until the answer is enough; returns the last one also when it never was."""
    deadline = time.monotonic() + timeout_s
    while not is_enough(seen := observe()) and time.monotonic() < deadline:
        time.sleep(every_s)
    return seen


async def wait_until(what: str, observe: Callable[[], Awaitable[Observed]], timeout_s: float = 60) -> Observed:
    """The same, where `observe` has to be awaited."""
    deadline = time.monotonic() + timeout_s
    while not (seen := await observe()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}; last seen: {seen!r}"
        await asyncio.sleep(0.02)
    return seen
