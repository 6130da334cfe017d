"""What the store of orders keeps, on a real database file."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.database import open_database
from services.orders.domain import CancelReason, Failure, Money, OrderNotFoundError, OrderState, Product, price_lines
from services.orders.store import OrderStore
from tests.services.orders.scripted import placement

EUR = "EUR"
PRODUCTS = {
    "products/lamp": Product(name="products/lamp", title="Lamp", price=Money(minor_units=1999, currency_code=EUR)),
    "products/pen": Product(name="products/pen", title="Pen", price=Money(minor_units=150, currency_code=EUR)),
}
NO_FUNDS = Failure(reason=CancelReason.INSUFFICIENT_FUNDS, message="5 EUR are missing")


class Clock:
    """Moves on by a microsecond each time it is read."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, 0, 0, 123457, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


@pytest.fixture
async def store(migrated_url: Callable[[str], str]) -> AsyncIterator[OrderStore]:
    engine = open_database(migrated_url("orders"))
    yield OrderStore(engine, Clock())
    await engine.dispose()


async def test_an_opened_order_is_pending_and_has_no_prices(store: OrderStore) -> None:
    await store.open(placement())
    order = await store.get("orders/1")
    assert order.placement == placement()
    assert (order.state, order.total) == (OrderState.PENDING, None)
    assert order.created == datetime(2026, 1, 1, 12, 0, 0, 123458, tzinfo=UTC)


async def test_opening_twice_keeps_the_first(store: OrderStore) -> None:
    await store.open(placement(account="accounts/ada"))
    await store.open(placement(account="accounts/bob"))
    assert (await store.get("orders/1")).placement.account == "accounts/ada"


async def test_a_priced_order_has_titles_and_a_total(store: OrderStore) -> None:
    await store.open(placement())
    await store.price("orders/1", price_lines(placement().lines, PRODUCTS))
    order = await store.get("orders/1")
    assert order.total == Money(minor_units=2 * 1999 + 150, currency_code=EUR)
    assert [line.title for line in order.lines] == ["Lamp", "Pen"]


async def test_an_order_ends_once(store: OrderStore) -> None:
    await store.open(placement())
    await store.cancel("orders/1", NO_FUNDS)
    ended = await store.get("orders/1")
    await store.confirm("orders/1")
    await store.cancel("orders/1", NO_FUNDS)
    assert await store.get("orders/1") == ended
    assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.INSUFFICIENT_FUNDS)
    assert ended.cancel_message == "5 EUR are missing"


async def test_an_account_lists_its_orders_newest_first_page_by_page(store: OrderStore) -> None:
    for order_id in ("3", "1", "2"):
        await store.open(placement(order_id))
    await store.open(placement("4", account="accounts/bob"))
    first = await store.list_of_account("accounts/ada", limit=2)
    rest = await store.list_of_account("accounts/ada", limit=2, after=first[-1])
    assert [order.placement.name for order in first] == ["orders/2", "orders/1"]
    assert [order.placement.name for order in rest] == ["orders/3"]


async def test_an_order_that_does_not_exist_is_named(store: OrderStore) -> None:
    with pytest.raises(OrderNotFoundError, match="orders/9 does not exist"):
        await store.get("orders/9")
