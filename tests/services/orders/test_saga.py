"""The order of the steps, and that no crash changes how a saga ends."""

import pytest

from services.orders.saga import place_order
from tests.services.orders.scripted import Crash, Journal, ScriptedSteps, placement

FORWARD = ["open_order", "price_order", "reserve_stock", "debit_account", "arrange_shipment"]
ENDED_WELL = {"priced", "stock held", "money taken", "shipment arranged", "stock committed"}
REFUSABLE = ["", "price_order", "reserve_stock", "debit_account", "arrange_shipment"]


async def test_an_order_that_nobody_refuses_is_confirmed_with_stock_committed_last() -> None:
    steps = ScriptedSteps()
    await place_order(placement(), steps, Journal().replay())
    assert steps.ran == [*FORWARD, "commit_stock", "confirm_order"]
    assert steps.ended == "confirmed"


@pytest.mark.parametrize(
    ("refusing", "undone"),
    [
        ("price_order", []),
        ("reserve_stock", ["release_stock"]),
        ("debit_account", ["refund_account", "release_stock"]),
        ("arrange_shipment", ["cancel_shipment", "refund_account", "release_stock"]),
    ],
)
async def test_a_refusal_undoes_what_was_tried_last_step_first(refusing: str, undone: list[str]) -> None:
    steps = ScriptedSteps(refusing)
    await place_order(placement(), steps, Journal().replay())
    tried = FORWARD[: FORWARD.index(refusing) + 1]
    assert steps.ran == [*tried, *undone, "cancel_order"]
    assert steps.effects <= {"priced"}
    assert steps.ended == "cancelled: nobody delivers there"


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("refusing", REFUSABLE)
async def test_a_crash_at_any_step_changes_nothing_of_how_the_saga_ends(refusing: str, after_effect: bool) -> None:
    crash_at, crashed = 0, True
    while crashed:
        steps, journal = ScriptedSteps(refusing), Journal(crash_at, after_effect)
        crashed = await _place_over_crash(steps, journal)
        assert steps.ended == ("cancelled: nobody delivers there" if refusing else "confirmed")
        assert steps.effects == (set() if refusing == "price_order" else {"priced"} if refusing else ENDED_WELL)
        crash_at += 1
    assert crash_at > len(journal.kept), "every step was crashed at"


async def _place_over_crash(steps: ScriptedSteps, journal: Journal) -> bool:
    try:
        await place_order(placement(), steps, journal.replay())
    except Crash:
        await place_order(placement(), steps, journal.replay())
        return True
    return False
