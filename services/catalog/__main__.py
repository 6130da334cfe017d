"""Wires the catalog. RANKING (`name`, `relevance`) decides the order of lists."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from shop.catalog.v1 import catalog_pb2_grpc

# Reflection at the edge is asked of the catalog, so it must know every public contract.
from shop.inventory.v1 import inventory_pb2  # noqa: F401
from shop.orders.v1 import orders_pb2  # noqa: F401
from shop.shipping.v1 import shipping_pb2  # noqa: F401
from shop.wallet.v1 import wallet_pb2  # noqa: F401

from services.catalog.domain import RANKINGS
from services.catalog.servicer import ERRORS, CatalogServicer
from services.catalog.store import CatalogStore
from services.chassis.program import Program, Runtime, run

PUBLIC_API = (
    "shop.catalog.v1.CatalogService",
    "shop.inventory.v1.InventoryService",
    "shop.orders.v1.OrderService",
    "shop.shipping.v1.ShippingService",
    "shop.wallet.v1.WalletService",
)


@asynccontextmanager
async def serve(runtime: Runtime, server: grpc.aio.Server) -> AsyncIterator[None]:
    servicer = CatalogServicer(CatalogStore(runtime.engine), RANKINGS[os.environ.get("RANKING", "name")])
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(servicer, server)
    yield


PROGRAM = Program(
    name="catalog",
    api=("shop.catalog.v1.CatalogService",),
    described=PUBLIC_API,
    migrations=Path(__file__).parent / "migrations",
    errors=ERRORS,
    serve=serve,
)

if __name__ == "__main__":
    run(PROGRAM)
