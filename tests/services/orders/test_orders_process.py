"""Orders as its callers see it: a real process, its stock and money counted. It is killed at every step."""

import asyncio
import signal
from collections.abc import AsyncIterator

import grpc
import pytest
import pytest_asyncio
from shop.orders.v1 import orders_pb2

from tests.observing import wait_until
from tests.services.orders.lab import Lab, running_lab
from tests.services.orders.memory_shop import NOBODY_DELIVERS_TO, PRICE

CONFIRMED, CANCELLED = orders_pb2.ORDER_STATE_CONFIRMED, orders_pb2.ORDER_STATE_CANCELLED
FORWARD = ["open_order", "price_order", "reserve_stock", "debit_account", "arrange_shipment"]
SUCCESS = [*FORWARD, "commit_stock", "confirm_order"]
UNDOING = [*FORWARD, "cancel_shipment", "refund_account", "release_stock", "cancel_order"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def lab(running: Lab) -> Lab:
    """With 10 lamps and 100 EUR of Ada's."""
    running.stock_up("products/lamp", 10)
    running.open_account("accounts/ada", 10_000)
    return running


def stock_and_money(lab: Lab) -> tuple[int, int]:
    return lab.shop.stock["products/lamp"], lab.shop.balance["accounts/ada"]


async def test_an_order_takes_stock_and_money_once_and_is_confirmed(lab: Lab) -> None:
    order = await lab.place(lab.request("products/lamp", "accounts/ada", quantity=3))
    assert (order.state, order.total.minor_units) == (CONFIRMED, 3 * PRICE)
    assert order.shipment == order.name.replace("orders/", "shipments/")
    assert stock_and_money(lab) == (7, 10_000 - 3 * PRICE)


@pytest.mark.parametrize(
    ("quantity", "balance", "country", "reason"),
    [
        (11, 10_000, "DE", orders_pb2.CANCEL_REASON_INSUFFICIENT_STOCK),
        (1, PRICE - 1, "DE", orders_pb2.CANCEL_REASON_INSUFFICIENT_FUNDS),
        (1, 10_000, NOBODY_DELIVERS_TO, orders_pb2.CANCEL_REASON_SHIPPING_REFUSED),
    ],
)
async def test_a_refused_order_is_cancelled_and_leaves_stock_and_money_as_they_were(
    lab: Lab, quantity: int, balance: int, country: str, reason: "orders_pb2.CancelReason.ValueType"
) -> None:
    lab.open_account("accounts/ada", balance)
    order = await lab.place(lab.request("products/lamp", "accounts/ada", quantity=quantity, country=country))
    assert (order.state, order.cancel_reason) == (CANCELLED, reason)
    assert order.cancel_message
    assert stock_and_money(lab) == (10, balance)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("step", "country"),
    [(step, "DE") for step in SUCCESS] + [(step, NOBODY_DELIVERS_TO) for step in UNDOING],
)
async def test_an_order_ends_as_if_the_process_had_not_been_killed(
    lab: Lab, step: str, country: str, moment: str
) -> None:
    request = lab.request("products/lamp", "accounts/ada", street=f"kill {moment} {step}", country=country)
    with pytest.raises(grpc.aio.AioRpcError):
        await lab.stub.PlaceOrder(request, timeout=20)
    assert await lab.orders.has_died() == -signal.SIGKILL
    await lab.orders.start()
    order = await lab.place(request)
    if country == "DE":
        assert (order.state, *stock_and_money(lab)) == (CONFIRMED, 9, 10_000 - PRICE)
        assert lab.shop.effects["debited", request.request_id] == 1
        assert lab.shop.effects["committed", request.request_id] == 1
    else:
        assert (order.state, *stock_and_money(lab)) == (CANCELLED, 10, 10_000)
        assert lab.shop.effects["refunded", request.request_id] == 1


async def test_an_order_whose_caller_never_returns_ends_all_the_same_after_a_kill(lab: Lab) -> None:
    request = lab.request("products/lamp", "accounts/ada", street="kill after debit_account")
    with pytest.raises(grpc.aio.AioRpcError):
        await lab.stub.PlaceOrder(request, timeout=20)
    await lab.orders.has_died()
    await lab.orders.start()
    await until_confirmed(lab, f"orders/{request.request_id}")
    assert stock_and_money(lab) == (9, 10_000 - PRICE)


async def test_the_same_request_twice_is_one_order_with_one_effect(lab: Lab) -> None:
    request = lab.request("products/lamp", "accounts/ada")
    orders = [await lab.place(request), await lab.place(request)]
    orders += await asyncio.gather(lab.place(request), lab.place(request))
    assert orders == [orders[0]] * 4
    assert stock_and_money(lab) == (9, 10_000 - PRICE)


async def test_a_request_id_cannot_be_used_for_another_order(lab: Lab) -> None:
    request = lab.request("products/lamp", "accounts/ada")
    first = await lab.place(request)
    request.lines[0].quantity = 2
    with pytest.raises(grpc.aio.AioRpcError, match="was used before, with other content"):
        await lab.place(request)
    assert (await lab.stub.GetOrder(orders_pb2.GetOrderRequest(name=first.name), timeout=5)).order == first
    assert stock_and_money(lab) == (9, 10_000 - PRICE)


async def test_of_many_orders_for_the_last_item_exactly_one_is_confirmed(lab: Lab) -> None:
    lab.stock_up("products/lamp", 1)
    orders = await asyncio.gather(*(lab.place(lab.request("products/lamp", "accounts/ada")) for _ in range(10)))
    assert sorted(order.state for order in orders) == [CONFIRMED] + [CANCELLED] * 9
    assert stock_and_money(lab) == (0, 10_000 - PRICE)


async def test_a_caller_who_cannot_wait_finds_the_order_later(lab: Lab) -> None:
    lab.outbound.faults["Debit"] = [grpc.StatusCode.UNAVAILABLE] * 3
    request = lab.request("products/lamp", "accounts/ada")
    with pytest.raises(grpc.aio.AioRpcError, match="DEADLINE_EXCEEDED"):
        await lab.stub.PlaceOrder(request, timeout=0.02)
    await until_confirmed(lab, f"orders/{request.request_id}")


async def until_confirmed(lab: Lab, name: str) -> None:
    async def confirmed() -> bool:
        try:
            answer = await lab.stub.GetOrder(orders_pb2.GetOrderRequest(name=name), timeout=5)
        except grpc.aio.AioRpcError:
            return False
        return answer.order.state == CONFIRMED

    await wait_until(f"{name} is confirmed", confirmed)
