"""What a step makes of other services' answers, and how often it asks."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
import pytest
from shop.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from shop.inventory.v1 import inventory_pb2, inventory_pb2_grpc
from shop.shipping.v1 import shipping_pb2_grpc
from shop.type.v1 import money_pb2
from shop.wallet.v1 import wallet_pb2, wallet_pb2_grpc

from services.chassis.database import open_database
from services.orders.domain import CancelReason, Failure
from services.orders.patience import Patience
from services.orders.steps import Collaborators, OrderSteps
from services.orders.store import OrderStore
from tests.services.orders.scripted import placement
from tests.services.orders.unreliable import Hang, UnreliableServices, serving

HASTY = Patience(attempts=3, call_timeout_s=0.2, first_pause_s=0.001, longest_pause_s=0.002)
ORDER = placement()
PRODUCTS = catalog_pb2.BatchGetProductsResponse(
    products=[
        catalog_pb2.Product(
            name=line.product, title="A thing", price=money_pb2.Money(minor_units=500, currency_code="EUR")
        )
        for line in ORDER.lines
    ]
)
UNAVAILABLE, NOT_FOUND = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.NOT_FOUND
REFUSED = grpc.StatusCode.FAILED_PRECONDITION


@pytest.fixture
def others() -> UnreliableServices:
    others = UnreliableServices({})
    others.answers["BatchGetProducts"] = PRODUCTS.SerializeToString()
    return others


@pytest.fixture
async def store(migrated_url: Callable[[str], str]) -> AsyncIterator[OrderStore]:
    engine = open_database(migrated_url("orders"))
    yield OrderStore(engine)
    await engine.dispose()


@pytest.fixture
async def steps(others: UnreliableServices, store: OrderStore, tmp_path: Path) -> AsyncIterator[OrderSteps]:
    await store.open(ORDER)
    async with serving(others, tmp_path / "out.sock") as target, grpc.aio.insecure_channel(target) as channel:
        services = Collaborators(
            catalog=catalog_pb2_grpc.CatalogServiceStub(channel),
            inventory=inventory_pb2_grpc.InventoryServiceStub(channel),
            wallet=wallet_pb2_grpc.WalletServiceStub(channel),
            shipping=shipping_pb2_grpc.ShippingServiceStub(channel),
        )
        yield OrderSteps(store, services, HASTY)


@pytest.mark.parametrize(
    ("step", "method", "status", "reason"),
    [
        ("price_order", "BatchGetProducts", NOT_FOUND, CancelReason.NOT_SOLD),
        ("reserve_stock", "Reserve", REFUSED, CancelReason.INSUFFICIENT_STOCK),
        ("reserve_stock", "Reserve", NOT_FOUND, CancelReason.INSUFFICIENT_STOCK),
        ("debit_account", "Debit", REFUSED, CancelReason.INSUFFICIENT_FUNDS),
        ("debit_account", "Debit", NOT_FOUND, CancelReason.INSUFFICIENT_FUNDS),
        ("arrange_shipment", "ArrangeShipment", REFUSED, CancelReason.SHIPPING_REFUSED),
    ],
)
async def test_a_refusal_is_not_repeated_and_says_why(
    others: UnreliableServices,
    steps: OrderSteps,
    step: str,
    method: str,
    status: grpc.StatusCode,
    reason: CancelReason,
) -> None:
    if step == "debit_account":
        await steps.price_order(ORDER)
    others.always[method] = status
    assert await getattr(steps, step)(ORDER) == Failure(reason=reason, message=f"{method} was told to fail")
    assert len(others.calls[method]) == 1


async def test_a_service_that_comes_back_in_time_is_asked_again_with_the_same_request(
    others: UnreliableServices, steps: OrderSteps
) -> None:
    others.faults["Reserve"] = [UNAVAILABLE, Hang()]
    assert await steps.reserve_stock(ORDER) is None
    assert len(others.calls["Reserve"]) == 3
    assert len(set(others.calls["Reserve"])) == 1


async def test_a_service_that_stays_away_is_given_up_after_all_attempts(
    others: UnreliableServices, steps: OrderSteps
) -> None:
    others.always["Reserve"] = UNAVAILABLE
    failure = await steps.reserve_stock(ORDER)
    assert failure == Failure(reason=CancelReason.UNAVAILABLE, message="shop.inventory.v1 answered UNAVAILABLE")
    assert len(others.calls["Reserve"]) == HASTY.attempts


async def test_a_service_that_is_broken_is_not_asked_again(others: UnreliableServices, steps: OrderSteps) -> None:
    others.always["Reserve"] = grpc.StatusCode.PERMISSION_DENIED
    failure = await steps.reserve_stock(ORDER)
    assert failure is not None
    assert failure.reason is CancelReason.UNAVAILABLE
    assert len(others.calls["Reserve"]) == 1


@pytest.mark.parametrize(
    ("step", "method"),
    [
        ("release_stock", "Release"),
        ("refund_account", "Refund"),
        ("cancel_shipment", "CancelShipment"),
        ("commit_stock", "Commit"),
    ],
)
async def test_what_must_not_be_left_undone_is_repeated_past_every_error(
    others: UnreliableServices, steps: OrderSteps, step: str, method: str
) -> None:
    others.faults[method] = [*[UNAVAILABLE] * (HASTY.attempts + 2), grpc.StatusCode.INTERNAL, Hang()]
    await getattr(steps, step)(ORDER)
    assert len(others.calls[method]) == HASTY.attempts + 5
    assert len(set(others.calls[method])) == 1


@pytest.mark.parametrize(("step", "method"), [("refund_account", "Refund"), ("release_stock", "Release")])
async def test_undoing_ends_where_there_is_nothing_to_undo(
    others: UnreliableServices, steps: OrderSteps, step: str, method: str
) -> None:
    others.always[method] = NOT_FOUND
    await getattr(steps, step)(ORDER)
    assert len(others.calls[method]) == 1


async def test_the_wallet_is_debited_for_all_lines_at_the_catalogs_prices(
    others: UnreliableServices, steps: OrderSteps
) -> None:
    await steps.price_order(ORDER)
    await steps.debit_account(ORDER)
    debit = wallet_pb2.DebitRequest.FromString(others.calls["Debit"][0])
    assert (debit.amount.minor_units, debit.amount.currency_code) == (3 * 500, "EUR")
    assert (debit.name, debit.reference) == (ORDER.account, ORDER.name)


async def test_every_step_has_an_idempotency_key_of_its_own(others: UnreliableServices, steps: OrderSteps) -> None:
    await steps.reserve_stock(ORDER)
    await steps.release_stock(ORDER)
    await steps.reserve_stock(placement("2"))
    reserve, other_reserve = (inventory_pb2.ReserveRequest.FromString(call) for call in others.calls["Reserve"])
    release = inventory_pb2.ReleaseRequest.FromString(others.calls["Release"][0])
    assert len({reserve.request_id, other_reserve.request_id, release.request_id}) == 3


async def test_prices_in_two_currencies_cannot_be_one_order(others: UnreliableServices, steps: OrderSteps) -> None:
    mixed = catalog_pb2.BatchGetProductsResponse()
    mixed.CopyFrom(PRODUCTS)
    mixed.products[0].price.currency_code = "USD"
    others.answers["BatchGetProducts"] = mixed.SerializeToString()
    assert await steps.price_order(ORDER) == Failure(
        reason=CancelReason.NOT_SOLD, message="prices are in several currencies: EUR, USD"
    )


async def test_nothing_is_debited_for_what_costs_nothing(others: UnreliableServices, steps: OrderSteps) -> None:
    free = catalog_pb2.BatchGetProductsResponse()
    free.CopyFrom(PRODUCTS)
    for product in free.products:
        product.price.minor_units = 0
    others.answers["BatchGetProducts"] = free.SerializeToString()
    await steps.price_order(ORDER)
    assert await steps.debit_account(ORDER) is None
    assert not others.calls["Debit"]
