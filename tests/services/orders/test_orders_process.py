"""Orders as callers see it: a real process between real services, killed at every step; stock and money are counted."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext

import grpc
import pytest
import pytest_asyncio
from shop.orders.v1 import orders_pb2

from tests.observing import wait_until
from tests.services.orders.lab import Audit, Lab, Purchase, running_lab
from tests.services.orders.real_shop import NOBODY_DELIVERS_TO
from tests.services.postgresql import PostgreSQL

CONFIRMED, CANCELLED = orders_pb2.ORDER_STATE_CONFIRMED, orders_pb2.ORDER_STATE_CANCELLED
CALLERS_TRACE = "0af7651916cd43dd8448eb211c80319c"
FORWARD = ["open_order", "price_order", "reserve_stock", "debit_account", "arrange_shipment"]
ENDING = ["commit_stock", "confirm_order"]
UNDOING = ["cancel_shipment", "refund_account", "release_stock", "cancel_order"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    server: PostgreSQL | None = request.getfixturevalue("postgresql") if request.param == "postgresql" else None

    def new_database(name: str) -> AbstractContextManager[str]:
        return server.database() if server else nullcontext(f"sqlite:///{folder / name}.db")

    async with running_lab(folder, new_database) as lab:
        yield lab


def bought(purchase: Purchase, order: str, *, of_units: int, of_prices: int, quantity: int = 1) -> Audit:
    """What there is after one order of `quantity`, and nothing else."""
    paid = quantity * purchase.price
    return Audit(
        available=of_units - quantity,
        reserved=0,
        balance=of_prices * purchase.price - paid,
        postings=((order, -paid),),
    )


async def test_an_order_takes_stock_and_money_once_and_is_confirmed(lab: Lab) -> None:
    purchase = await lab.purchase(units=10, prices=5)
    order = await lab.place(purchase.request(quantity=3))
    assert (order.state, order.total.minor_units) == (CONFIRMED, 3 * purchase.price)
    assert order.shipment == order.name.replace("orders/", "shipments/")
    assert await lab.audit(purchase) == bought(purchase, order.name, of_units=10, of_prices=5, quantity=3)


@pytest.mark.parametrize(
    ("quantity", "prices", "country", "reason"),
    [
        (11, 20, "DE", orders_pb2.CANCEL_REASON_INSUFFICIENT_STOCK),
        (2, 1, "DE", orders_pb2.CANCEL_REASON_INSUFFICIENT_FUNDS),
        (1, 20, NOBODY_DELIVERS_TO, orders_pb2.CANCEL_REASON_SHIPPING_REFUSED),
    ],
)
async def test_a_refused_order_is_cancelled_and_leaves_stock_and_money_as_they_were(
    lab: Lab, quantity: int, prices: int, country: str, reason: "orders_pb2.CancelReason.ValueType"
) -> None:
    purchase = await lab.purchase(units=10, prices=prices)
    order = await lab.place(purchase.request(quantity=quantity, country=country))
    assert (order.state, order.cancel_reason) == (CANCELLED, reason)
    assert order.cancel_message
    audit = await lab.audit(purchase)
    assert (audit.available, audit.reserved, audit.balance) == (10, 0, prices * purchase.price)


async def test_a_product_the_catalog_does_not_have_cancels_the_order(lab: Lab) -> None:
    purchase = await lab.purchase(units=1, prices=1)
    request = purchase.request()
    request.lines[0].product = "products/unicorn"
    order = await lab.place(request)
    assert (order.state, order.cancel_reason) == (CANCELLED, orders_pb2.CANCEL_REASON_NOT_SOLD)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("step", "country"),
    [(step, "DE") for step in FORWARD + ENDING] + [(step, NOBODY_DELIVERS_TO) for step in UNDOING],
)
async def test_an_order_ends_as_if_the_process_had_not_been_killed(
    lab: Lab, step: str, country: str, moment: str
) -> None:
    purchase = await lab.purchase(units=10, prices=5)
    request = purchase.request(street=f"kill {moment} {step}", country=country)
    await killed_while_placing(lab, request)
    order = await lab.place(request)
    if country == "DE":
        assert order.state == CONFIRMED
        assert await lab.audit(purchase) == bought(purchase, order.name, of_units=10, of_prices=5)
    else:
        assert (order.state, order.cancel_reason) == (CANCELLED, orders_pb2.CANCEL_REASON_SHIPPING_REFUSED)
        both = ((order.name, -purchase.price), (order.name, purchase.price))
        whole = Audit(available=10, reserved=0, balance=5 * purchase.price, postings=both)
        assert await lab.audit(purchase) == whole


async def test_an_order_whose_caller_never_returns_ends_all_the_same_after_a_kill(lab: Lab) -> None:
    purchase = await lab.purchase(units=10, prices=5)
    request = purchase.request(street="kill after debit_account")
    await killed_while_placing(lab, request)
    order = await until_ended(lab, f"orders/{request.request_id}")
    assert order.state == CONFIRMED
    assert await lab.audit(purchase) == bought(purchase, order.name, of_units=10, of_prices=5)


async def test_all_calls_for_an_order_are_in_its_callers_trace_also_those_after_a_kill(lab: Lab) -> None:
    purchase = await lab.purchase(units=10, prices=5)
    request = purchase.request(street="kill after debit_account")
    lab.outbound.traces.clear()
    traceparent = ("traceparent", f"00-{CALLERS_TRACE}-b7ad6b7169203331-01")
    with pytest.raises(grpc.aio.AioRpcError):
        await lab.stub.PlaceOrder(request, metadata=(traceparent,))
    await lab.orders.exit_code()
    await lab.orders.start()
    await until_ended(lab, f"orders/{request.request_id}")
    methods = ("Reserve", "Debit", "ArrangeShipment", "Commit")
    traces = {trace for method in methods for trace in lab.outbound.traces[method]}
    assert traces == {CALLERS_TRACE}


@pytest.mark.parametrize("method", ["Reserve", "Debit", "ArrangeShipment", "Commit"])
async def test_an_answer_that_is_lost_changes_nothing(lab: Lab, method: str) -> None:
    purchase = await lab.purchase(units=10, prices=5)
    lab.outbound.lose_answers(method, 2)
    order = await lab.place(purchase.request())
    assert order.state == CONFIRMED
    assert await lab.audit(purchase) == bought(purchase, order.name, of_units=10, of_prices=5)


async def test_an_order_is_undone_when_a_service_fails_whose_answer_cannot_be_trusted(lab: Lab) -> None:
    purchase = await lab.purchase(units=10, prices=5)
    lab.outbound.lose_answers("Debit", 1, grpc.StatusCode.INTERNAL)
    order = await lab.place(purchase.request())
    assert (order.state, order.cancel_reason) == (CANCELLED, orders_pb2.CANCEL_REASON_UNAVAILABLE)
    both = ((order.name, -purchase.price), (order.name, purchase.price))
    assert await lab.audit(purchase) == Audit(available=10, reserved=0, balance=5 * purchase.price, postings=both)


async def test_the_same_request_again_and_at_once_is_one_order_with_one_effect(lab: Lab) -> None:
    purchase = await lab.purchase(units=10, prices=5)
    request = purchase.request()
    orders = list(await asyncio.gather(*(lab.place(request) for _ in range(5))))
    orders.append(await lab.place(request))
    assert orders == [orders[0]] * 6
    assert await lab.audit(purchase) == bought(purchase, orders[0].name, of_units=10, of_prices=5)


async def test_a_request_id_cannot_be_used_for_another_order(lab: Lab) -> None:
    purchase = await lab.purchase(units=10, prices=5)
    request = purchase.request()
    first = await lab.place(request)
    request.lines[0].quantity = 2
    with pytest.raises(grpc.aio.AioRpcError, match="was used before, with other content") as refused:
        await lab.place(request)
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert (await lab.stub.GetOrder(orders_pb2.GetOrderRequest(name=first.name))).order == first
    assert await lab.audit(purchase) == bought(purchase, first.name, of_units=10, of_prices=5)


async def test_of_many_orders_for_the_last_item_exactly_one_is_confirmed(lab: Lab) -> None:
    purchase = await lab.purchase(units=1, prices=10)
    orders = await asyncio.gather(*(lab.place(purchase.request()) for _ in range(10)))
    (confirmed,) = (order for order in orders if order.state == CONFIRMED)
    lost = [order.cancel_reason for order in orders if order.state == CANCELLED]
    assert lost == [orders_pb2.CANCEL_REASON_INSUFFICIENT_STOCK] * 9
    assert await lab.audit(purchase) == bought(purchase, confirmed.name, of_units=1, of_prices=10)


async def test_a_caller_who_cannot_wait_finds_the_order_later(lab: Lab) -> None:
    purchase = await lab.purchase(units=10, prices=5)
    lab.outbound.lose_answers("Debit", 3)
    request = purchase.request()
    with pytest.raises(grpc.aio.AioRpcError) as gone:
        await lab.stub.PlaceOrder(request, timeout=0.1)
    assert gone.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    order = await until_ended(lab, f"orders/{request.request_id}")
    assert order.state == CONFIRMED
    assert await lab.audit(purchase) == bought(purchase, order.name, of_units=10, of_prices=5)


async def test_a_customer_lists_all_orders_newest_first_page_by_page(lab: Lab) -> None:
    purchase = await lab.purchase(units=10, prices=5)
    placed = [(await lab.place(purchase.request())).name for _ in range(3)]
    listed: list[str] = []
    request = orders_pb2.ListOrdersRequest(account=purchase.account, page_size=2)
    while True:
        page = await lab.stub.ListOrders(request)
        listed += [order.name for order in page.orders]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert listed == placed[::-1]


@pytest.mark.parametrize("token", ["!", "bm8tb3JkZXI="])
async def test_a_page_token_nobody_gave_is_refused(lab: Lab, token: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="page_token") as refused:
        await lab.stub.ListOrders(orders_pb2.ListOrdersRequest(account="accounts/ada", page_token=token))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_order_that_does_not_exist_is_not_found(lab: Lab) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="orders/none does not exist") as missing:
        await lab.stub.GetOrder(orders_pb2.GetOrderRequest(name="orders/none"))
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_process_told_to_end_ends_its_calls_and_keeps_an_open_order_for_the_next(lab: Lab) -> None:
    purchase = await lab.purchase(units=10, prices=5)
    lab.outbound.hold("Debit")
    request = purchase.request()
    with pytest.raises(grpc.aio.AioRpcError):
        await lab.stub.PlaceOrder(request, timeout=0.5)
    lab.orders.running.send_signal(signal.SIGTERM)
    assert await lab.orders.exit_code() == 0
    lab.outbound.let_go("Debit")
    await lab.orders.start()
    assert (await until_ended(lab, f"orders/{request.request_id}")).state == CONFIRMED
    assert await lab.audit(purchase) == bought(purchase, f"orders/{request.request_id}", of_units=10, of_prices=5)


async def test_everything_it_prints_is_a_json_line(lab: Lab) -> None:
    lines = lab.orders.log.read_text().splitlines()
    assert lines
    assert all("message" in json.loads(line) for line in lines)


async def killed_while_placing(lab: Lab, request: orders_pb2.PlaceOrderRequest) -> None:
    """Places an order whose address kills the process, and starts it again."""
    with pytest.raises(grpc.aio.AioRpcError):
        await lab.place(request)
    assert await lab.orders.exit_code() == -signal.SIGKILL
    await lab.orders.start()


async def until_ended(lab: Lab, name: str) -> orders_pb2.Order:
    async def ended() -> orders_pb2.Order | None:
        try:
            order = (await lab.stub.GetOrder(orders_pb2.GetOrderRequest(name=name))).order
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
            return None
        return order if order.state != orders_pb2.ORDER_STATE_PENDING else None

    found = await wait_until(f"{name} has ended", ended)
    assert found is not None
    return found
