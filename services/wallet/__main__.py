"""Wires the wallet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from shop.wallet.v1 import wallet_pb2_grpc

from services.chassis.program import Program, Runtime, run
from services.wallet.servicer import ERRORS, WalletServicer


@asynccontextmanager
async def serve(runtime: Runtime, server: grpc.aio.Server) -> AsyncIterator[None]:
    wallet_pb2_grpc.add_WalletServiceServicer_to_server(WalletServicer(runtime.engine), server)
    yield


PROGRAM = Program(
    name="wallet",
    api=("shop.wallet.v1.WalletService",),
    migrations=Path(__file__).parent / "migrations",
    errors=ERRORS,
    serve=serve,
)

if __name__ == "__main__":
    run(PROGRAM)
