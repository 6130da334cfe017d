"""Every mutating method takes effect once: the same request again gets the same answer, another one with its id is
refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import grpc
import pytest
import pytest_asyncio
from google.protobuf import descriptor_pool
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from shop.inventory.v1 import inventory_pb2
from shop.shipping.v1 import shipping_pb2
from shop.type.v1 import money_pb2
from shop.wallet.v1 import wallet_pb2

from tests.services.migrated import migrated_sqlite
from tests.services.running import RefusedError, Running, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

Prepare = Callable[[Running, str], Awaitable[object]]
BERLIN = shipping_pb2.Address(recipient="Ada", street="Unter den Linden 1", city="Berlin", country_code="DE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A method, and two requests of it for the resource `subject` that are equal but for one field. `effect` is what
    one request changes of the numbers that `observed` tells."""

    service: str
    method: str
    request: Callable[[str], Message]
    other: Callable[[Any], None]
    effect: tuple[int, ...]
    prepare: Prepare | None = None


def euros(units: int) -> money_pb2.Money:
    return money_pb2.Money(minor_units=units, currency_code="EUR")


def reserve(subject: str) -> inventory_pb2.ReserveRequest:
    lines = [inventory_pb2.Line(product="products/oak-tumbler", quantity=1)]
    return inventory_pb2.ReserveRequest(name=f"reservations/{subject}", lines=lines)


def deposit(subject: str) -> wallet_pb2.DepositRequest:
    return wallet_pb2.DepositRequest(name=f"accounts/{subject}", amount=euros(1000))


def debit(subject: str) -> wallet_pb2.DebitRequest:
    return wallet_pb2.DebitRequest(name=f"accounts/{subject}", amount=euros(300), reference=f"orders/{subject}")


def arrange(subject: str) -> shipping_pb2.ArrangeShipmentRequest:
    return shipping_pb2.ArrangeShipmentRequest(
        name=f"shipments/{subject}", order=f"orders/{subject}", address=BERLIN, request_id=str(uuid4())
    )


async def reserved(service: Running, subject: str) -> None:
    await service.call("Reserve", with_id(reserve(subject)))


async def deposited(service: Running, subject: str) -> None:
    await service.call("Deposit", with_id(deposit(subject)))


async def debited(service: Running, subject: str) -> None:
    await deposited(service, subject)
    await service.call("Debit", with_id(debit(subject)))


async def arranged(service: Running, subject: str) -> None:
    await service.call("ArrangeShipment", with_id(arrange(subject)))


def rename(request: Any) -> None:
    request.name += "x"


MUTATIONS = (
    Mutation(
        service="inventory",
        method="AddStock",
        request=lambda _: inventory_pb2.AddStockRequest(name="stock/oak-tumbler", quantity=5),
        other=lambda request: setattr(request, "quantity", 6),
        effect=(5, 0),
    ),
    Mutation(
        service="inventory",
        method="Reserve",
        request=reserve,
        other=lambda request: setattr(request.lines[0], "quantity", 2),
        effect=(-1, 1),
    ),
    Mutation(
        service="inventory",
        method="Commit",
        request=lambda subject: inventory_pb2.CommitRequest(name=f"reservations/{subject}"),
        other=rename,
        effect=(0, -1),
        prepare=reserved,
    ),
    Mutation(
        service="inventory",
        method="Release",
        request=lambda subject: inventory_pb2.ReleaseRequest(name=f"reservations/{subject}"),
        other=rename,
        effect=(1, -1),
        prepare=reserved,
    ),
    Mutation(
        service="wallet",
        method="Deposit",
        request=deposit,
        other=lambda request: setattr(request.amount, "minor_units", 1001),
        effect=(1000,),
    ),
    Mutation(
        service="wallet",
        method="Debit",
        request=debit,
        other=lambda request: setattr(request.amount, "minor_units", 301),
        effect=(-300,),
        prepare=deposited,
    ),
    Mutation(
        service="wallet",
        method="Refund",
        request=lambda subject: wallet_pb2.RefundRequest(name=f"accounts/{subject}", reference=f"orders/{subject}"),
        other=lambda request: setattr(request, "reference", "orders/other"),
        effect=(300,),
        prepare=debited,
    ),
    Mutation(
        service="shipping",
        method="ArrangeShipment",
        request=arrange,
        other=lambda request: setattr(request.address, "street", "Elsewhere 2"),
        effect=(1,),
    ),
    Mutation(
        service="shipping",
        method="CancelShipment",
        request=lambda subject: shipping_pb2.CancelShipmentRequest(name=f"shipments/{subject}"),
        other=rename,
        effect=(1,),
        prepare=arranged,
    ),
)
every_mutation = pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.method)


def with_id(request: Any, request_id: str = "") -> Any:
    request.request_id = request_id or str(uuid4())
    return request


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Running]]:
    folder = tmp_path_factory.mktemp("services")
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(running(name, folder, migrated_sqlite(name, folder)))
            for name in ("inventory", "wallet", "shipping")
        }


async def prepared(services: dict[str, Running], mutation: Mutation) -> tuple[Running, str, Any]:
    """The service, a fresh subject in the state the method needs, and a request with an id."""
    service, subject = services[mutation.service], str(uuid4())
    if mutation.prepare:
        await mutation.prepare(service, subject)
    return service, subject, with_id(mutation.request(subject))


async def observed(service: Running, subject: str) -> tuple[int, ...]:
    """Units available and reserved, a balance, or the state of a shipment; 0 for what does not exist."""
    try:
        if service.program.name == "inventory":
            stock = (await service.call("GetStock", inventory_pb2.GetStockRequest(name="stock/oak-tumbler"))).stock
            return stock.available, stock.reserved
        if service.program.name == "wallet":
            found = await service.call("GetAccount", wallet_pb2.GetAccountRequest(name=f"accounts/{subject}"))
            return (found.account.balance.minor_units,)
        found = await service.call("GetShipment", shipping_pb2.GetShipmentRequest(name=f"shipments/{subject}"))
    except RefusedError as error:
        if error.code is not grpc.StatusCode.NOT_FOUND:
            raise
        return (0,)
    return (found.shipment.state,)


def changed(before: tuple[int, ...], mutation: Mutation) -> tuple[int, ...]:
    """By one request."""
    return tuple(number + change for number, change in zip(before, mutation.effect, strict=True))


@every_mutation
async def test_the_same_request_again_has_one_effect_and_the_same_answer(
    services: dict[str, Running], mutation: Mutation
) -> None:
    service, subject, request = await prepared(services, mutation)
    before = await observed(service, subject)
    answer = await service.call(mutation.method, request)
    assert await service.call(mutation.method, request) == answer
    # A UUID means the same in upper case.
    request.request_id = request.request_id.upper()
    assert await service.call(mutation.method, request) == answer
    assert await observed(service, subject) == changed(before, mutation)


@every_mutation
async def test_the_same_request_many_times_at_once_has_one_effect(
    services: dict[str, Running], mutation: Mutation
) -> None:
    service, subject, request = await prepared(services, mutation)
    before = await observed(service, subject)
    answers = await asyncio.gather(*(service.call(mutation.method, request) for _ in range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert await observed(service, subject) == changed(before, mutation)


@every_mutation
async def test_another_request_with_its_id_is_refused_and_changes_nothing(
    services: dict[str, Running], mutation: Mutation
) -> None:
    service, subject, request = await prepared(services, mutation)
    before = await observed(service, subject)
    answer = await service.call(mutation.method, request)
    other = type(request)()
    other.CopyFrom(request)
    mutation.other(other)
    refusal = await service.refusal(mutation.method, other)
    assert refusal.code is grpc.StatusCode.ALREADY_EXISTS
    (detail,) = refusal.details
    assert isinstance(detail, ErrorInfo)
    assert (detail.reason, detail.metadata["request_id"]) == ("REQUEST_ID_REUSED", request.request_id)
    assert await observed(service, subject) == changed(before, mutation)
    assert await service.call(mutation.method, request) == answer


async def test_a_refused_request_is_not_kept_and_may_succeed_later(services: dict[str, Running]) -> None:
    wallet, subject = services["wallet"], str(uuid4())
    request = with_id(debit(subject))
    assert (await wallet.refusal("Debit", request)).code is grpc.StatusCode.NOT_FOUND
    await deposited(wallet, subject)
    answer = await wallet.call("Debit", request)
    assert answer.account.balance.minor_units == 700


async def test_no_mutating_method_is_left_out() -> None:
    apis = {
        "inventory": "shop.inventory.v1.InventoryService",
        "wallet": "shop.wallet.v1.WalletService",
        "shipping": "shop.shipping.v1.ShippingService",
    }
    mutating = {
        method.name
        for api in apis.values()
        for method in descriptor_pool.Default().FindServiceByName(api).methods
        if "request_id" in method.input_type.fields_by_name
    }
    assert {mutation.method for mutation in MUTATIONS} == mutating
