"""Placing an order, as a saga. Enters: what was asked for, and the steps. Leaves: an order that is confirmed or
cancelled, with everything undone in the second case. Never: knows how a step is called, or how its result is kept.

Every step that was tried is undone, the refused one too, last step first: the answer says what became of one attempt,
while an earlier one, sent before a timeout or a crash, may still be on its way. Undoing also closes the door to it.

Shipping is the last step that can be refused (the saga's pivot). What comes after it is repeated until it succeeds, and
so is every undoing, so an order never stops half-way."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from services.orders.domain import Failure, Placement

Action = Callable[[Placement], Awaitable[Failure | None]]
Durably = Callable[[Action, Placement], Awaitable[Failure | None]]
"""Runs a step and keeps its result: a step with a kept result is not run again after a crash, any other is."""


class Steps(Protocol):
    """All are idempotent: a crash between a step's effect and the keeping of its result runs it again."""

    async def open_order(self, placement: Placement) -> None: ...
    async def price_order(self, placement: Placement) -> Failure | None: ...
    async def reserve_stock(self, placement: Placement) -> Failure | None: ...
    async def release_stock(self, placement: Placement) -> None: ...
    async def debit_account(self, placement: Placement) -> Failure | None: ...
    async def refund_account(self, placement: Placement) -> None: ...
    async def arrange_shipment(self, placement: Placement) -> Failure | None: ...
    async def cancel_shipment(self, placement: Placement) -> None: ...
    async def commit_stock(self, placement: Placement) -> None: ...
    async def confirm_order(self, placement: Placement) -> None: ...
    async def cancel_order(self, placement: Placement, failure: Failure) -> None: ...


Saga = Callable[[Placement, Durably], Awaitable[None]]


def saga_of(steps: "Steps") -> Saga:
    """The saga with these steps."""

    async def saga(placement: Placement, durably: Durably) -> None:
        await place_order(placement, steps, durably)

    return saga


async def place_order(placement: Placement, steps: Steps, durably: Durably) -> None:
    """Brings the order to its end, however often it is started again in between."""
    # 1. From here on the order can be seen.
    await durably(steps.open_order, placement)
    # 2. Everything that can be refused.
    undoing: list[Action] = []
    failure = await _attempt(placement, steps, durably, undoing)
    # 3. Confirm, or undo in reverse.
    if failure is None:
        await durably(steps.commit_stock, placement)
        await durably(steps.confirm_order, placement)
        return
    for undo in reversed(undoing):
        await durably(undo, placement)
    await durably(_cancelling(steps, failure), placement)


async def _attempt(placement: Placement, steps: Steps, durably: Durably, undoing: list[Action]) -> Failure | None:
    """Runs the refusable steps up to the first failure; adds to `undoing` how to undo each that was tried."""
    refusable: tuple[tuple[Action, Action | None], ...] = (
        (steps.price_order, None),
        (steps.reserve_stock, steps.release_stock),
        (steps.debit_account, steps.refund_account),
        (steps.arrange_shipment, steps.cancel_shipment),
    )
    for action, undo in refusable:
        if undo is not None:
            undoing.append(undo)
        if failure := await durably(action, placement):
            return failure
    return None


def _cancelling(steps: Steps, failure: Failure) -> Action:
    async def cancel_order(placement: Placement) -> None:
        await steps.cancel_order(placement, failure)

    return cancel_order
