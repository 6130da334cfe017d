"""Waits for what can be observed; the only place where tests let time pass."""

import time
from collections.abc import Callable
from typing import TypeVar

Observed = TypeVar("Observed")


def wait_for(what: str, observe: Callable[[], Observed], timeout_s: float = 20) -> Observed:
    """Asks until `observe` returns something true; fails with the last answer after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while not (seen := observe()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}; last seen: {seen!r}"
        time.sleep(0.02)
    return seen
