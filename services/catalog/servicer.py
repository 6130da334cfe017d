"""CatalogService on gRPC."""

import grpc
from shop.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from shop.type.v1 import money_pb2

from services.catalog.domain import Product, ProductNotFoundError, Ranking, matching
from services.catalog.store import CatalogStore
from services.chassis.errors import ErrorTable, missing
from services.chassis.paging import PageTokenError, decode_token, encode_token, page_size

ERRORS: ErrorTable = {
    ProductNotFoundError: lambda error: missing("shop.catalog.v1.Product", error.name),
}


class CatalogServicer(catalog_pb2_grpc.CatalogServiceServicer):
    def __init__(self, store: CatalogStore, ranking: Ranking) -> None:
        self._store = store
        self._ranking = ranking

    async def GetProduct(
        self,
        request: catalog_pb2.GetProductRequest,
        context: grpc.aio.ServicerContext[catalog_pb2.GetProductRequest, catalog_pb2.GetProductResponse],
    ) -> catalog_pb2.GetProductResponse:
        (product,) = await self._store.get([_id(request.name)])
        return catalog_pb2.GetProductResponse(product=product_message(product))

    async def BatchGetProducts(
        self,
        request: catalog_pb2.BatchGetProductsRequest,
        context: grpc.aio.ServicerContext[catalog_pb2.BatchGetProductsRequest, catalog_pb2.BatchGetProductsResponse],
    ) -> catalog_pb2.BatchGetProductsResponse:
        found = await self._store.get([_id(name) for name in request.names])
        return catalog_pb2.BatchGetProductsResponse(products=map(product_message, found))

    async def ListProducts(
        self,
        request: catalog_pb2.ListProductsRequest,
        context: grpc.aio.ServicerContext[catalog_pb2.ListProductsRequest, catalog_pb2.ListProductsResponse],
    ) -> catalog_pb2.ListProductsResponse:
        words = tuple(request.query.lower().split())
        ranked = self._ranking(matching(await self._store.all(), words, request.category), words)
        start = _start(ranked, request.page_token)
        page = ranked[start : start + page_size(request.page_size)]
        more = start + len(page) < len(ranked)
        return catalog_pb2.ListProductsResponse(
            products=map(product_message, page), next_page_token=encode_token(page[-1].id) if more else ""
        )


def _id(name: str) -> str:
    return name.removeprefix("products/")


def _start(ranked: list[Product], token: str) -> int:
    """Behind the product the token names. Raises PageTokenError when the list does not hold it."""
    if not token:
        return 0
    last = decode_token(token)
    for position, product in enumerate(ranked):
        if product.id == last:
            return position + 1
    raise PageTokenError(token)


def product_message(product: Product) -> catalog_pb2.Product:
    return catalog_pb2.Product(
        name=product.name,
        title=product.title,
        description=product.description,
        category=product.category,
        price=money_pb2.Money(minor_units=product.price_minor_units, currency_code=product.currency_code),
    )
