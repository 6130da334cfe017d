"""Wires shipping."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from shop.shipping.v1 import shipping_pb2_grpc

from services.chassis.program import Program, Runtime, run
from services.shipping.servicer import ERRORS, ShippingServicer


@asynccontextmanager
async def serve(runtime: Runtime, server: grpc.aio.Server) -> AsyncIterator[None]:
    shipping_pb2_grpc.add_ShippingServiceServicer_to_server(ShippingServicer(runtime.engine), server)
    yield


PROGRAM = Program(
    name="shipping",
    api=("shop.shipping.v1.ShippingService",),
    migrations=Path(__file__).parent / "migrations",
    errors=ERRORS,
    serve=serve,
)

if __name__ == "__main__":
    run(PROGRAM)
