"""A shop around a real orders process: the process can die and be started again, the shop's stock and money can be
counted."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from shop.inventory.v1 import inventory_pb2
from shop.orders.v1 import orders_pb2, orders_pb2_grpc
from shop.shipping.v1 import shipping_pb2

from tests.services.orders.memory_shop import NOBODY_DELIVERS_TO, MemoryShop, serving_shop
from tests.services.orders.unreliable import UnreliableServices, serving

READY_TIMEOUT_S = 30
CALL_TIMEOUT_S = 30


@dataclass
class OrdersProcess:
    """Starts `crashing_orders`; `start` returns when it answers."""

    folder: Path
    outbound: str
    process: asyncio.subprocess.Process | None = None
    channel: grpc.aio.Channel = field(init=False)

    def __post_init__(self) -> None:
        self.channel = grpc.aio.insecure_channel(
            self.target, options=[("grpc.max_reconnect_backoff_ms", 100), ("grpc.initial_reconnect_backoff_ms", 50)]
        )

    @property
    def target(self) -> str:
        return f"unix:{self.folder / 'app.sock'}"

    async def start(self) -> None:
        environment = {
            **os.environ,
            "LISTEN_ADDR": self.target,
            "MESH_OUTBOUND": self.outbound,
            "HOSTNAME": "orders-v1-0",
            "DATABASE_URL": f"sqlite:///{self.folder / 'orders.db'}",
            "CRASH_FOLDER": str(self.folder),
            "PYTHONPATH": "gen/python:.",
        }
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.services.orders.crashing_orders", env=environment
        )
        await asyncio.wait_for(self.channel.channel_ready(), READY_TIMEOUT_S)

    async def has_died(self) -> int:
        """The exit code, once it has ended by itself."""
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), CALL_TIMEOUT_S)

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        await self.channel.close()


@dataclass
class Lab:
    shop: MemoryShop
    outbound: UnreliableServices
    orders: OrdersProcess

    @property
    def stub(self) -> "orders_pb2_grpc.OrderServiceAsyncStub":
        return orders_pb2_grpc.OrderServiceStub(self.orders.channel)

    def request(
        self, product: str, account: str, *, quantity: int = 1, street: str = "Unter den Linden 1", country: str = "DE"
    ) -> orders_pb2.PlaceOrderRequest:
        """With a request id of its own."""
        return orders_pb2.PlaceOrderRequest(
            account=account,
            lines=[inventory_pb2.Line(product=product, quantity=quantity)],
            address=shipping_pb2.Address(
                recipient="Ada", street=street, postal_code="10117", city="Berlin", country_code=country
            ),
            request_id=str(uuid.uuid4()),
        )

    def stock_up(self, product: str, units: int) -> str:
        self.shop.stock[product] = units
        return product

    def open_account(self, account: str, minor_units: int) -> str:
        self.shop.balance[account] = minor_units
        return account

    async def place(self, request: orders_pb2.PlaceOrderRequest) -> orders_pb2.Order:
        answer = await self.stub.PlaceOrder(request, timeout=CALL_TIMEOUT_S, wait_for_ready=True)
        return answer.order


@asynccontextmanager
async def running_lab(folder: Path) -> AsyncIterator[Lab]:
    shop = MemoryShop()  # type: ignore[abstract]  # orders calls no other methods
    async with serving_shop(shop, folder / "shop.sock") as targets:
        outbound = UnreliableServices(targets)
        async with serving(outbound, folder / "out.sock") as target:
            orders = OrdersProcess(folder, target)
            try:
                await orders.start()
                yield Lab(shop, outbound, orders)
            finally:
                await orders.stop()


__all__ = ["NOBODY_DELIVERS_TO", "Lab", "running_lab"]
