"""The steps of placing an order. Enters: a placement. Leaves: effects at other services and in the store of orders,
each of them once, however often a step runs. Never: an order of the steps, or a call inside a database transaction."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import grpc
from google.protobuf.message import Message
from shop.catalog.v1 import catalog_pb2_grpc
from shop.inventory.v1 import inventory_pb2_grpc
from shop.shipping.v1 import shipping_pb2_grpc
from shop.wallet.v1 import wallet_pb2_grpc
from sqlalchemy.exc import OperationalError

from services.orders import messages
from services.orders.domain import CancelReason, Failure, NotSoldError, Placement, price_lines
from services.orders.patience import Patience, ask, insist
from services.orders.store import OrderStore

Request = TypeVar("Request", bound=Message)
Answer = TypeVar("Answer")
log = logging.getLogger(__name__)

Refusals = Mapping[grpc.StatusCode, CancelReason]

NOT_SOLD: Refusals = {grpc.StatusCode.NOT_FOUND: CancelReason.NOT_SOLD}
NO_STOCK: Refusals = {
    grpc.StatusCode.FAILED_PRECONDITION: CancelReason.INSUFFICIENT_STOCK,
    grpc.StatusCode.NOT_FOUND: CancelReason.INSUFFICIENT_STOCK,
}
NO_FUNDS: Refusals = {
    grpc.StatusCode.FAILED_PRECONDITION: CancelReason.INSUFFICIENT_FUNDS,
    grpc.StatusCode.NOT_FOUND: CancelReason.INSUFFICIENT_FUNDS,
}
NO_DELIVERY: Refusals = {grpc.StatusCode.FAILED_PRECONDITION: CancelReason.SHIPPING_REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaborators:
    """The services an order needs. The types of asynchronous stubs exist for type checkers only."""

    catalog: "catalog_pb2_grpc.CatalogServiceAsyncStub"
    inventory: "inventory_pb2_grpc.InventoryServiceAsyncStub"
    wallet: "wallet_pb2_grpc.WalletServiceAsyncStub"
    shipping: "shipping_pb2_grpc.ShippingServiceAsyncStub"


class OrderSteps:
    """A step that can be refused gives a `Failure` for it, and one when a service fails or stays unreachable. Every
    other step ends only when it has succeeded."""

    def __init__(self, store: OrderStore, services: Collaborators, patience: Patience) -> None:
        self._store = store
        self._services = services
        self._patience = patience

    async def open_order(self, placement: Placement) -> None:
        await self._keep(lambda: self._store.open(placement))

    async def price_order(self, placement: Placement) -> Failure | None:
        answer = await self._try(self._services.catalog.BatchGetProducts, messages.price_request(placement), NOT_SOLD)
        if isinstance(answer, Failure):
            return answer
        try:
            lines = price_lines(placement.lines, messages.products_of(answer))
        except NotSoldError as error:
            return Failure(reason=CancelReason.NOT_SOLD, message=str(error))
        await self._keep(lambda: self._store.price(placement.name, lines))
        return None

    async def reserve_stock(self, placement: Placement) -> Failure | None:
        request = messages.reserve_request(placement)
        return await self._attempt(self._services.inventory.Reserve, request, NO_STOCK)

    async def release_stock(self, placement: Placement) -> None:
        await self._undo(self._services.inventory.Release, messages.release_request(placement))

    async def debit_account(self, placement: Placement) -> Failure | None:
        total = (await self._keep(lambda: self._store.get(placement.name))).total
        # A wallet takes only amounts above 0.
        if total is None or total.minor_units == 0:
            return None
        request = messages.debit_request(placement, total)
        return await self._attempt(self._services.wallet.Debit, request, NO_FUNDS)

    async def refund_account(self, placement: Placement) -> None:
        await self._undo(self._services.wallet.Refund, messages.refund_request(placement))

    async def arrange_shipment(self, placement: Placement) -> Failure | None:
        request = messages.arrange_request(placement)
        return await self._attempt(self._services.shipping.ArrangeShipment, request, NO_DELIVERY)

    async def cancel_shipment(self, placement: Placement) -> None:
        await self._undo(self._services.shipping.CancelShipment, messages.cancel_request(placement))

    async def commit_stock(self, placement: Placement) -> None:
        request = messages.commit_request(placement)
        await insist(lambda: self._call(self._services.inventory.Commit, request), self._patience)

    async def confirm_order(self, placement: Placement) -> None:
        await self._keep(lambda: self._store.confirm(placement.name))

    async def cancel_order(self, placement: Placement, failure: Failure) -> None:
        await self._keep(lambda: self._store.cancel(placement.name, failure))

    async def _call(self, method: grpc.aio.UnaryUnaryMultiCallable[Request, Answer], request: Request) -> Answer:
        return await method(request, timeout=self._patience.call_timeout_s)

    async def _attempt(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Request, Answer], request: Request, refusals: Refusals
    ) -> Failure | None:
        outcome = await self._try(method, request, refusals)
        return outcome if isinstance(outcome, Failure) else None

    async def _try(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Request, Answer], request: Request, refusals: Refusals
    ) -> Answer | Failure:
        try:
            return await ask(lambda: self._call(method, request), self._patience)
        except grpc.aio.AioRpcError as error:
            if reason := refusals.get(error.code()):
                return Failure(reason=reason, message=error.details() or "")
            log.warning("giving up after %s: %s", error.code().name, error.details())
            service = request.DESCRIPTOR.file.package
            return Failure(reason=CancelReason.UNAVAILABLE, message=f"{service} answered {error.code().name}")

    async def _undo(self, method: grpc.aio.UnaryUnaryMultiCallable[Request, Answer], request: Request) -> None:
        """Until it succeeds, or there turns out to be nothing to undo."""

        async def undo() -> None:
            try:
                await self._call(method, request)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND:
                    raise

        await insist(undo, self._patience)

    async def _keep(self, access: Callable[[], Awaitable[Answer]]) -> Answer:
        """An access to the store, until it is not busy or unreachable any more."""
        return await insist(access, self._patience, errors=(OperationalError,))
