"""The orders service: `python -m services.orders`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from shop.catalog.v1 import catalog_pb2_grpc
from shop.inventory.v1 import inventory_pb2_grpc
from shop.orders.v1 import orders_pb2, orders_pb2_grpc
from shop.shipping.v1 import shipping_pb2_grpc
from shop.wallet.v1 import wallet_pb2_grpc

from services.chassis.program import Program, Runtime, run
from services.orders.durable import DurableSagas
from services.orders.errors import ERRORS
from services.orders.patience import Patience
from services.orders.saga import saga_of
from services.orders.servicer import OrderServicer
from services.orders.steps import Collaborators, OrderSteps
from services.orders.store import OrderStore


@asynccontextmanager
async def serve(runtime: Runtime, server: grpc.aio.Server) -> AsyncIterator[None]:
    store = OrderStore(runtime.engine)
    collaborators = Collaborators(
        catalog=catalog_pb2_grpc.CatalogServiceStub(runtime.dial("catalog")),
        inventory=inventory_pb2_grpc.InventoryServiceStub(runtime.dial("inventory")),
        wallet=wallet_pb2_grpc.WalletServiceStub(runtime.dial("wallet")),
        shipping=shipping_pb2_grpc.ShippingServiceStub(runtime.dial("shipping")),
    )
    steps = OrderSteps(store, collaborators, Patience())
    sagas = DurableSagas(saga_of(steps), runtime.settings.database_url, runtime.settings.instance)
    orders_pb2_grpc.add_OrderServiceServicer_to_server(OrderServicer(store, sagas), server)
    sagas.launch()
    try:
        yield
    finally:
        await sagas.stop()


PROGRAM = Program(
    name="orders",
    api=(orders_pb2.DESCRIPTOR.services_by_name["OrderService"].full_name,),
    migrations=Path(__file__).parent / "migrations",
    errors=ERRORS,
    serve=serve,
)

if __name__ == "__main__":
    run(PROGRAM)
