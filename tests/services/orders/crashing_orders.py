"""The orders service as a process that kills itself where an order's address says so: `kill before reserve_stock`,
`kill after reserve_stock` (the step has taken effect, and nothing has noted it). Once per order, as a file notes."""

import functools
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from services.chassis.program import run
from services.orders.__main__ import PROGRAM
from services.orders.domain import Failure, Placement
from services.orders.steps import OrderSteps

STEPS = (
    "open_order",
    "price_order",
    "reserve_stock",
    "debit_account",
    "arrange_shipment",
    "commit_stock",
    "confirm_order",
    "cancel_shipment",
    "refund_account",
    "release_stock",
    "cancel_order",
)
Step = Callable[..., Awaitable[Failure | None]]


def let_steps_kill(folder: Path) -> None:
    """Wraps every step of the saga."""
    for name in STEPS:
        setattr(OrderSteps, name, _killing(getattr(OrderSteps, name), folder))


def _killing(step: Step, folder: Path) -> Step:
    @functools.wraps(step)
    async def killing_step(self: OrderSteps, placement: Placement, *rest: Failure) -> Failure | None:
        _kill_if_told(f"kill before {step.__name__}", placement, folder)
        failure = await step(self, placement, *rest)
        _kill_if_told(f"kill after {step.__name__}", placement, folder)
        return failure

    return killing_step


def _kill_if_told(point: str, placement: Placement, folder: Path) -> None:
    note = folder / f"killed-{placement.order_id}"
    if placement.address.street == point and not note.exists():
        note.touch()
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    let_steps_kill(Path(os.environ["CRASH_FOLDER"]))
    run(PROGRAM)
