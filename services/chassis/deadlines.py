"""A caller's deadline bounds everything done for it: calls made while answering get what is left of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import grpc

_deadline_s: ContextVar[float | None] = ContextVar("deadline_s", default=None)
"""In the event loop's time."""


def begin_deadline(remaining_s: float | None) -> None:
    """Notes for the current task how long its caller will wait; None for ever."""
    _deadline_s.set(None if remaining_s is None else asyncio.get_running_loop().time() + remaining_s)


def remaining_s(wanted_s: float | None) -> float | None:
    """The shorter of what is wanted and what the caller left; None if nobody bounds it."""
    deadline = _deadline_s.get()
    if deadline is None:
        return wanted_s
    left = max(deadline - asyncio.get_running_loop().time(), 0.0)
    return left if wanted_s is None else min(wanted_s, left)


class DeadlineInterceptor(grpc.aio.UnaryUnaryClientInterceptor):
    """Shortens the timeout of outgoing calls."""

    async def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        bounded = grpc.aio.ClientCallDetails(
            client_call_details.method,
            remaining_s(client_call_details.timeout),
            client_call_details.metadata,
            client_call_details.credentials,
            client_call_details.wait_for_ready,
        )
        return await continuation(bounded, request)
