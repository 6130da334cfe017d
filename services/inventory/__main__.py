"""Wires the inventory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from shop.inventory.v1 import inventory_pb2_grpc

from services.chassis.program import Program, Runtime, run
from services.inventory.servicer import ERRORS, InventoryServicer


@asynccontextmanager
async def serve(runtime: Runtime, server: grpc.aio.Server) -> AsyncIterator[None]:
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(InventoryServicer(runtime.engine), server)
    yield


PROGRAM = Program(
    name="inventory",
    api=("shop.inventory.v1.InventoryService",),
    migrations=Path(__file__).parent / "migrations",
    errors=ERRORS,
    serve=serve,
)

if __name__ == "__main__":
    run(PROGRAM)
