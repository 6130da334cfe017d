"""That a saga goes on whatever happens to who began it, on a real DBOS and its database."""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from opentelemetry import trace

from services.orders.domain import Placement
from services.orders.durable import DurableSagas
from services.orders.saga import Durably, Saga
from tests.services.orders.scripted import placement

deadline = contextvars.ContextVar("deadline", default="none")
CALLERS_TRACE = 0x0AF7651916CD43DD8448EB211C80319C


class Gate:
    """A saga of two steps, of which the second waits until it is let through."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self.ended = asyncio.Event()

    async def saga(self, placement: Placement, durably: Durably) -> None:
        await durably(self.first, placement)
        await durably(self.second, placement)
        self.ended.set()

    async def first(self, placement: Placement) -> None:
        self._note("first")

    async def second(self, placement: Placement) -> None:
        self._note("second")
        self.reached.set()
        await self.open.wait()

    def _note(self, step: str) -> None:
        in_trace = trace.get_current_span().get_span_context().trace_id == CALLERS_TRACE
        self.ran.append(f"{step}, {'in' if in_trace else 'outside'} the caller's trace, deadline {deadline.get()}")


@asynccontextmanager
async def launched(saga: Saga, url: str) -> AsyncIterator[DurableSagas]:
    sagas = DurableSagas(saga, url, "orders-0")
    sagas.launch()
    try:
        yield sagas
    finally:
        await sagas.stop()


@pytest.fixture
def gate() -> Gate:
    return Gate()


async def place_as_caller(sagas: DurableSagas) -> None:
    """As a server does: inside the span of the call, with its deadline at hand."""
    deadline.set("soon")
    span = trace.SpanContext(CALLERS_TRACE, 0xB7AD6B7169203331, is_remote=True, trace_flags=trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(span)):
        await sagas.place(placement())


async def test_a_saga_goes_on_in_the_callers_trace_when_its_caller_has_gone(gate: Gate, database_url: str) -> None:
    async with launched(gate.saga, database_url) as sagas:
        call = asyncio.create_task(place_as_caller(sagas))
        await gate.reached.wait()
        call.cancel()
        await asyncio.wait([call])
        gate.open.set()
        await asyncio.wait_for(gate.ended.wait(), 10)
    assert gate.ran == [f"{step}, in the caller's trace, deadline none" for step in ("first", "second")]


async def test_a_saga_that_was_stopped_ends_after_the_next_launch_without_repeating_what_is_kept(
    gate: Gate, database_url: str
) -> None:
    async with launched(gate.saga, database_url) as sagas:
        call = asyncio.create_task(place_as_caller(sagas))
        await gate.reached.wait()
    await asyncio.wait([call])
    gate.open.set()
    async with launched(gate.saga, database_url):
        await asyncio.wait_for(gate.ended.wait(), 10)
    assert gate.ran == [f"{step}, in the caller's trace, deadline none" for step in ("first", "second", "second")]


async def test_the_same_placement_many_times_at_once_is_one_saga(gate: Gate, database_url: str) -> None:
    gate.open.set()
    async with launched(gate.saga, database_url) as sagas:
        await asyncio.gather(*(sagas.place(placement()) for _ in range(10)))
        await sagas.place(placement())
    assert len(gate.ran) == 2
