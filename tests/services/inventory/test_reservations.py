"""Units: reserved together or not at all, and never lost between available, reserved and sold."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.rpc.error_details_pb2 import PreconditionFailure
from shop.inventory.v1 import inventory_pb2

from services.chassis.database import open_database
from services.inventory.domain import MOST_UNITS, StockLimitError
from services.inventory.store import InventoryStore
from tests.services.running import RefusedError, Running, running

TUMBLER, CLOCK = "oak-tumbler", "oak-wall-clock"


@pytest.fixture
async def inventory(tmp_path: Path, migrated_url: Callable[[str], str]) -> AsyncIterator[Running]:
    async with running("inventory", tmp_path, migrated_url("inventory")) as inventory:
        yield inventory


async def stock(inventory: Running, product: str = TUMBLER) -> tuple[int, int]:
    """Available and reserved."""
    found = (await inventory.call("GetStock", inventory_pb2.GetStockRequest(name=f"stock/{product}"))).stock
    return found.available, found.reserved


async def reserve(inventory: Running, *lines: tuple[str, int], name: str = "reservations/1") -> Any:
    request = inventory_pb2.ReserveRequest(
        name=name,
        lines=[inventory_pb2.Line(product=f"products/{product}", quantity=units) for product, units in lines],
        request_id=str(uuid4()),
    )
    return (await inventory.call("Reserve", request)).reservation


async def commit(inventory: Running) -> Any:
    request = inventory_pb2.CommitRequest(name="reservations/1", request_id=str(uuid4()))
    return (await inventory.call("Commit", request)).reservation


async def release(inventory: Running) -> Any:
    request = inventory_pb2.ReleaseRequest(name="reservations/1", request_id=str(uuid4()))
    return (await inventory.call("Release", request)).reservation


async def test_what_is_reserved_is_set_aside_and_what_is_committed_is_gone(inventory: Running) -> None:
    available, _ = await stock(inventory)
    held = await reserve(inventory, (TUMBLER, 3))
    assert held.state == inventory_pb2.RESERVATION_STATE_HELD
    assert [(line.product, line.quantity) for line in held.lines] == [("products/oak-tumbler", 3)]
    assert await stock(inventory) == (available - 3, 3)
    assert (await commit(inventory)).state == inventory_pb2.RESERVATION_STATE_COMMITTED
    assert await stock(inventory) == (available - 3, 0)


async def test_what_is_released_is_available_again_and_only_once(inventory: Running) -> None:
    before = await stock(inventory)
    await reserve(inventory, (TUMBLER, 3))
    assert (await release(inventory)).state == inventory_pb2.RESERVATION_STATE_RELEASED
    await release(inventory)
    assert await stock(inventory) == before


async def test_all_lines_are_reserved_or_none_and_each_that_lacks_stock_is_named(inventory: Running) -> None:
    tumblers, clocks = await stock(inventory, TUMBLER), await stock(inventory, CLOCK)
    with pytest.raises(RefusedError) as refused:
        await reserve(inventory, (TUMBLER, 1), (CLOCK, clocks[0] + 1), ("moon", 1))
    assert refused.value.code is grpc.StatusCode.FAILED_PRECONDITION
    lacking = [detail for detail in refused.value.details if isinstance(detail, PreconditionFailure)]
    assert [detail.violations[0].subject for detail in lacking] == [f"products/{CLOCK}", "products/moon"]
    assert (await stock(inventory, TUMBLER), await stock(inventory, CLOCK)) == (tumblers, clocks)


async def test_lines_of_one_product_count_together(inventory: Running) -> None:
    available, _ = await stock(inventory)
    with pytest.raises(RefusedError):
        await reserve(inventory, (TUMBLER, available), (TUMBLER, 1))
    await reserve(inventory, (TUMBLER, available - 1), (TUMBLER, 1))
    assert await stock(inventory) == (0, available)


async def test_a_reservation_that_exists_is_not_made_again(inventory: Running) -> None:
    available, _ = await stock(inventory)
    first = await reserve(inventory, (TUMBLER, 3))
    assert await reserve(inventory, (TUMBLER, 3)) == first
    assert await stock(inventory) == (available - 3, 3)


async def test_a_reserve_that_comes_after_its_release_takes_nothing(inventory: Running) -> None:
    before = await stock(inventory)
    await release(inventory)
    late = await reserve(inventory, (TUMBLER, 3))
    assert late.state == inventory_pb2.RESERVATION_STATE_RELEASED
    assert await stock(inventory) == before


async def test_what_is_committed_cannot_be_released_and_what_is_released_cannot_be_committed(
    inventory: Running,
) -> None:
    await reserve(inventory, (TUMBLER, 1))
    await commit(inventory)
    after = await stock(inventory)
    with pytest.raises(RefusedError) as refused:
        await release(inventory)
    assert refused.value.message == "reservations/1 is committed and cannot become released"
    assert await stock(inventory) == after


async def test_what_was_released_cannot_be_committed(inventory: Running) -> None:
    await reserve(inventory, (TUMBLER, 1))
    await release(inventory)
    with pytest.raises(RefusedError) as refused:
        await commit(inventory)
    assert refused.value.message == "reservations/1 is released and cannot become committed"


async def test_a_reservation_that_does_not_exist_cannot_be_committed(inventory: Running) -> None:
    with pytest.raises(RefusedError) as refused:
        await commit(inventory)
    assert refused.value.code is grpc.StatusCode.NOT_FOUND


async def test_units_that_arrive_are_available(inventory: Running) -> None:
    available, reserved = await stock(inventory)
    request = inventory_pb2.AddStockRequest(name=f"stock/{TUMBLER}", quantity=7, request_id=str(uuid4()))
    await inventory.call("AddStock", request)
    assert await stock(inventory) == (available + 7, reserved)


async def test_of_many_that_want_the_last_units_as_many_get_them_as_there_are(inventory: Running) -> None:
    available, _ = await stock(inventory)
    await reserve(inventory, (TUMBLER, available - 3), name="reservations/most")
    wanted = (reserve(inventory, (TUMBLER, 1), name=f"reservations/{number}") for number in range(8))
    outcomes = await asyncio.gather(*wanted, return_exceptions=True)
    assert sum(isinstance(outcome, RefusedError) for outcome in outcomes) == 5
    assert await stock(inventory) == (0, available)


async def test_stock_grows_to_what_the_contract_can_count_and_no_further(migrated_url: Callable[[str], str]) -> None:
    engine = open_database(migrated_url("inventory"))
    async with engine.begin() as connection:
        store = InventoryStore(connection)
        found = await store.stock_of(TUMBLER)
        full = await store.add(TUMBLER, MOST_UNITS - found.available - found.reserved)
        assert full.available + full.reserved == MOST_UNITS
        with pytest.raises(StockLimitError, match="counts at most 2147483647 units"):
            await store.add(TUMBLER, 1)
        assert await store.stock_of(TUMBLER) == full
    await engine.dispose()
