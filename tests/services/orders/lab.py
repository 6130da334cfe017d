"""A real shop around a real orders process, with stock and money that can be counted."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from shop.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from shop.inventory.v1 import inventory_pb2, inventory_pb2_grpc
from shop.orders.v1 import orders_pb2, orders_pb2_grpc
from shop.shipping.v1 import shipping_pb2
from shop.type.v1 import money_pb2
from shop.wallet.v1 import wallet_pb2, wallet_pb2_grpc

from tests.services.orders.real_shop import NewDatabase, serving_shop
from tests.services.orders.unreliable import UnreliableServices, serving
from tests.services.service_process import ServiceProcess

CALL_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A product of which few units are left, and a customer with little money: nobody else's."""

    product: str
    price: int
    account: str

    def request(
        self, *, quantity: int = 1, street: str = "Unter den Linden 1", country: str = "DE"
    ) -> orders_pb2.PlaceOrderRequest:
        """With a request id of its own."""
        return orders_pb2.PlaceOrderRequest(
            account=self.account,
            lines=[inventory_pb2.Line(product=self.product, quantity=quantity)],
            address=shipping_pb2.Address(
                recipient="Ada", street=street, postal_code="10117", city="Berlin", country_code=country
            ),
            request_id=str(uuid.uuid4()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """`reserved` counts what orders hold; `balance` in minor units; `postings` are amounts of this account's entries
    since it was opened, each with what it belongs to."""

    available: int
    reserved: int
    balance: int
    postings: tuple[tuple[str, int], ...]


class Lab:
    """`outbound` stands between orders and the shop, and can fail."""

    def __init__(self, orders: ServiceProcess, outbound: UnreliableServices, shop: dict[str, str]) -> None:
        self.orders = orders
        self.outbound = outbound
        self._channels = {package: grpc.aio.insecure_channel(target) for package, target in shop.items()}
        self._products: Iterator[catalog_pb2.Product] = iter(())
        self._set_aside: dict[str, int] = {}

    @property
    def stub(self) -> "orders_pb2_grpc.OrderServiceAsyncStub":
        return orders_pb2_grpc.OrderServiceStub(self.orders.channel)

    @property
    def _inventory(self) -> "inventory_pb2_grpc.InventoryServiceAsyncStub":
        return inventory_pb2_grpc.InventoryServiceStub(self._channels["shop.inventory.v1"])

    @property
    def _wallet(self) -> "wallet_pb2_grpc.WalletServiceAsyncStub":
        return wallet_pb2_grpc.WalletServiceStub(self._channels["shop.wallet.v1"])

    async def open(self) -> None:
        catalog: catalog_pb2_grpc.CatalogServiceAsyncStub = catalog_pb2_grpc.CatalogServiceStub(
            self._channels["shop.catalog.v1"]
        )
        self._products = iter((await catalog.ListProducts(catalog_pb2.ListProductsRequest(page_size=200))).products)

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()

    async def purchase(self, *, units: int, prices: int) -> Purchase:
        """Leaves `units` of a product, and gives a new customer the money for `prices` of it."""
        product = next(self._products)
        stock = (await self._inventory.GetStock(inventory_pb2.GetStockRequest(name=_stock(product.name)))).stock
        surplus = stock.available - units
        await self._inventory.Reserve(
            inventory_pb2.ReserveRequest(
                name=f"reservations/{uuid.uuid4()}",
                lines=[inventory_pb2.Line(product=product.name, quantity=surplus)],
                request_id=str(uuid.uuid4()),
            )
        )
        self._set_aside[product.name] = surplus
        account = f"accounts/{uuid.uuid4()}"
        amount = money_pb2.Money(minor_units=prices * product.price.minor_units, currency_code="EUR")
        await self._wallet.Deposit(wallet_pb2.DepositRequest(name=account, amount=amount, request_id=str(uuid.uuid4())))
        return Purchase(product=product.name, price=product.price.minor_units, account=account)

    async def audit(self, purchase: Purchase) -> Audit:
        stock = (await self._inventory.GetStock(inventory_pb2.GetStockRequest(name=_stock(purchase.product)))).stock
        account = (await self._wallet.GetAccount(wallet_pb2.GetAccountRequest(name=purchase.account))).account
        postings = await self._wallet.ListPostings(wallet_pb2.ListPostingsRequest(parent=purchase.account))
        return Audit(
            available=stock.available,
            reserved=stock.reserved - self._set_aside[purchase.product],
            balance=account.balance.minor_units,
            postings=tuple((posting.reference, posting.amount.minor_units) for posting in postings.postings[1:]),
        )

    async def place(self, request: orders_pb2.PlaceOrderRequest) -> orders_pb2.Order:
        return (await self.stub.PlaceOrder(request, timeout=CALL_TIMEOUT_S, wait_for_ready=True)).order


def _stock(product: str) -> str:
    return product.replace("products/", "stock/")


@asynccontextmanager
async def running_lab(folder: Path, new_database: NewDatabase) -> AsyncIterator[Lab]:
    async with serving_shop(folder, new_database) as shop:
        outbound = UnreliableServices(shop)
        async with serving(outbound, folder / "out.sock") as target:
            with new_database("orders") as url:
                orders = ServiceProcess("orders", folder, target, url, "tests.services.orders.crashing_orders")
                lab = Lab(orders, outbound, shop)
                try:
                    await lab.open()
                    await orders.start()
                    yield lab
                finally:
                    await orders.stop()
                    await lab.close()
