"""A service that does with each call what a test says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from shop.catalog.v1 import catalog_pb2, catalog_pb2_grpc

from services.chassis.error_rows import SHARED_ROWS
from services.chassis.guard import Guard
from services.chassis.traces import server_tracing

Behaviour = Callable[[Any], Awaitable[str]]
REQUEST = catalog_pb2.GetProductRequest(name="products/lamp")


class ScriptedCatalog(catalog_pb2_grpc.CatalogServiceServicer):
    """`behaviour` gets the call's context and gives the title of the product it answers with."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour

    async def GetProduct(self, request: Any, context: Any) -> catalog_pb2.GetProductResponse:
        return catalog_pb2.GetProductResponse(product=catalog_pb2.Product(title=await self._behaviour(context)))

    async def ListProducts(self, request: Any, context: Any) -> catalog_pb2.ListProductsResponse:
        raise NotImplementedError

    async def BatchGetProducts(self, request: Any, context: Any) -> catalog_pb2.BatchGetProductsResponse:
        raise NotImplementedError


@asynccontextmanager
async def scripted(behaviour: Behaviour, socket: Path) -> AsyncIterator[str]:
    """The target at which it answers, guarded and traced as every service."""
    server = grpc.aio.server(interceptors=[server_tracing(), Guard(SHARED_ROWS, served_by="s", version="v1")])
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(ScriptedCatalog(behaviour), server)
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    try:
        yield f"unix:{socket}"
    finally:
        await server.stop(None)


async def title(channel: grpc.aio.Channel, timeout_s: float | None = None, **metadata: str) -> str:
    """What the behaviour gave."""
    stub: Any = catalog_pb2_grpc.CatalogServiceStub(channel)
    answer = await stub.GetProduct(REQUEST, timeout=timeout_s, metadata=tuple(metadata.items()))
    return str(answer.product.title)
