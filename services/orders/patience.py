"""How long to ask a service that does not answer. Enters: a call. Leaves: its answer, or its last error. Never: decides
what an error means for the order."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import grpc

Answer = TypeVar("Answer")
Sleep = Callable[[float], Awaitable[None]]

log = logging.getLogger(__name__)

# CANCELLED, because a server that ends its grace period while it drains cancels the calls it still has.
TRANSIENT = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """`attempts` of a step that may be given up; the pauses between attempts double from the first to the longest. By
    default the pauses last about 5 s together, so an order outlives the restart of a service."""

    attempts: int = 7
    call_timeout_s: float = 2.0
    first_pause_s: float = 0.1
    longest_pause_s: float = 10.0

    def pauses_s(self) -> Iterator[float]:
        """Endless; each is drawn from the upper half, so that orders that failed together do not return together."""
        pause_s = self.first_pause_s
        while True:
            yield pause_s * random.uniform(0.5, 1)  # noqa: S311
            pause_s = min(pause_s * 2, self.longest_pause_s)


async def ask(call: Callable[[], Awaitable[Answer]], patience: Patience, sleep: Sleep = asyncio.sleep) -> Answer:
    """Repeats a call while its error is transient. Raises the last `grpc.aio.AioRpcError`."""
    for attempt, pause_s in enumerate(patience.pauses_s(), start=1):
        try:
            return await call()
        except grpc.aio.AioRpcError as error:
            if attempt >= patience.attempts or error.code() not in TRANSIENT:
                raise
            log.info("asking again after %s: %s", error.code().name, error.details())
        await sleep(pause_s)
    raise AssertionError("pauses never end")


async def insist(
    call: Callable[[], Awaitable[Answer]],
    patience: Patience,
    errors: tuple[type[Exception], ...] = (grpc.aio.AioRpcError,),
    sleep: Sleep = asyncio.sleep,
) -> Answer:
    """Repeats a call until it succeeds: for what must not be left undone."""
    for pause_s in patience.pauses_s():
        try:
            return await call()
        except errors as error:
            log.warning("must succeed, trying again in %.1f s: %s", pause_s, error)
        await sleep(pause_s)
    raise AssertionError("pauses never end")
