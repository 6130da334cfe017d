"""Catalog, inventory, wallet and shipping in memory, with what their contracts promise and no more: mutating calls are
idempotent, and undoing what was not done yet keeps it from being done later. It counts effects."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from shop.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from shop.inventory.v1 import inventory_pb2, inventory_pb2_grpc
from shop.shipping.v1 import shipping_pb2, shipping_pb2_grpc
from shop.type.v1 import money_pb2
from shop.wallet.v1 import wallet_pb2, wallet_pb2_grpc

PACKAGES = ("shop.catalog.v1", "shop.inventory.v1", "shop.wallet.v1", "shop.shipping.v1")
PRICE = 500
NOBODY_DELIVERS_TO = "AQ"


class MemoryShop(
    catalog_pb2_grpc.CatalogServiceServicer,
    inventory_pb2_grpc.InventoryServiceServicer,
    wallet_pb2_grpc.WalletServiceServicer,
    shipping_pb2_grpc.ShippingServiceServicer,
):
    """`stock`: units on the shelf, by product. `balance`: by account. `effects`: how often each kind of effect came
    about, by kind and order. The state of a reservation, debit or shipment is `held`, `done` or `undone`."""

    def __init__(self) -> None:
        self.stock: Counter[str] = Counter()
        self.balance: Counter[str] = Counter()
        self.effects: Counter[tuple[str, str]] = Counter()
        self._reserved: dict[str, dict[str, int]] = {}
        self._debited: dict[str, int] = {}
        self._state: dict[str, str] = {}

    async def BatchGetProducts(
        self, request: catalog_pb2.BatchGetProductsRequest, context: Any
    ) -> catalog_pb2.BatchGetProductsResponse:
        for name in request.names:
            if name not in self.stock:
                await context.abort(grpc.StatusCode.NOT_FOUND, f"{name} does not exist")
        price = money_pb2.Money(minor_units=PRICE, currency_code="EUR")
        products = [catalog_pb2.Product(name=name, title=name.title(), price=price) for name in request.names]
        return catalog_pb2.BatchGetProductsResponse(products=products)

    async def Reserve(self, request: inventory_pb2.ReserveRequest, context: Any) -> inventory_pb2.ReserveResponse:
        if await self._is_new(request.name, context):
            wanted = {line.product: line.quantity for line in request.lines}
            if lacking := [product for product, quantity in wanted.items() if self.stock[product] < quantity]:
                await context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"not enough of {', '.join(lacking)}")
            self.stock.subtract(wanted)
            self._reserved[request.name] = wanted
            self._take_effect("reserved", request.name, "held")
        return inventory_pb2.ReserveResponse()

    async def Commit(self, request: inventory_pb2.CommitRequest, context: Any) -> inventory_pb2.CommitResponse:
        if self._state.get(request.name) == "held":
            self._take_effect("committed", request.name, "done")
        return inventory_pb2.CommitResponse()

    async def Release(self, request: inventory_pb2.ReleaseRequest, context: Any) -> inventory_pb2.ReleaseResponse:
        if self._state.get(request.name) == "held":
            self.stock.update(self._reserved[request.name])
            self._take_effect("released", request.name, "undone")
        self._state[request.name] = "undone"
        return inventory_pb2.ReleaseResponse()

    async def Debit(self, request: wallet_pb2.DebitRequest, context: Any) -> wallet_pb2.DebitResponse:
        if await self._is_new(request.reference, context):
            if self.balance[request.name] < request.amount.minor_units:
                await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "insufficient funds")
            self.balance[request.name] -= request.amount.minor_units
            self._debited[request.reference] = request.amount.minor_units
            self._take_effect("debited", request.reference, "held")
        return wallet_pb2.DebitResponse()

    async def Refund(self, request: wallet_pb2.RefundRequest, context: Any) -> wallet_pb2.RefundResponse:
        if self._state.get(request.reference) == "held":
            self.balance[request.name] += self._debited[request.reference]
            self._take_effect("refunded", request.reference, "undone")
        self._state[request.reference] = "undone"
        return wallet_pb2.RefundResponse()

    async def ArrangeShipment(
        self, request: shipping_pb2.ArrangeShipmentRequest, context: Any
    ) -> shipping_pb2.ArrangeShipmentResponse:
        if request.address.country_code == NOBODY_DELIVERS_TO:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "nobody delivers to AQ")
        if await self._is_new(request.name, context):
            self._take_effect("arranged", request.name, "held")
        return shipping_pb2.ArrangeShipmentResponse()

    async def CancelShipment(
        self, request: shipping_pb2.CancelShipmentRequest, context: Any
    ) -> shipping_pb2.CancelShipmentResponse:
        if self._state.get(request.name) == "held":
            self._take_effect("called off", request.name, "undone")
        self._state[request.name] = "undone"
        return shipping_pb2.CancelShipmentResponse()

    async def _is_new(self, name: str, context: Any) -> bool:
        if self._state.get(name) == "undone":
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{name} was undone before")
        return name not in self._state

    def _take_effect(self, effect: str, name: str, state: str) -> None:
        self.effects[effect, name.rpartition("/")[2]] += 1
        self._state[name] = state


@asynccontextmanager
async def serving_shop(shop: MemoryShop, socket: Path) -> AsyncIterator[dict[str, str]]:
    """The target of each package."""
    server = grpc.aio.server()
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(shop, server)
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(shop, server)
    wallet_pb2_grpc.add_WalletServiceServicer_to_server(shop, server)
    shipping_pb2_grpc.add_ShippingServiceServicer_to_server(shop, server)
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    yield dict.fromkeys(PACKAGES, f"unix:{socket}")
    await asyncio.shield(server.stop(None))
