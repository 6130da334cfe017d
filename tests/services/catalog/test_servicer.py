"""The catalog's servicer alone, over grpcio-testing: a shelf in memory instead of a database, no server, no socket."""

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
import grpc_testing
import pytest
from google.protobuf.message import Message
from shop.catalog.v1 import catalog_pb2

from services.catalog.domain import RANKINGS, Product
from services.catalog.servicer import CatalogServicer
from services.catalog.store import CatalogStore

SERVICE = catalog_pb2.DESCRIPTOR.services_by_name["CatalogService"]


class Shelf(CatalogStore):
    """A store of a few products in memory."""

    def __init__(self, *products: Product) -> None:
        self._products = {product.id: product for product in products}

    async def all(self) -> list[Product]:
        return list(self._products.values())

    async def get(self, ids: Sequence[str]) -> list[Product]:
        return [self._products[one] for one in ids]


class Blocking:
    """An asynchronous servicer for grpcio-testing, which knows synchronous ones."""

    def __init__(self, servicer: object) -> None:
        self._servicer = servicer

    def __getattr__(self, method: str) -> Any:
        return lambda request, context: asyncio.run(getattr(self._servicer, method)(request, context))


def product(product_id: str, title: str, description: str = "", category: str = "living") -> Product:
    return Product(
        id=product_id,
        title=title,
        description=description,
        category=category,
        price_minor_units=1999,
        currency_code="EUR",
    )


SHELF = Shelf(
    product("b-lamp", "Desk Lamp", "Gives light."),
    product("a-rug", "Wool Rug", "As soft as a lamp is bright."),
    product("c-mug", "Mug", "Holds tea.", "kitchen"),
)


def call(method: str, request: Message, ranking: str = "name") -> Any:
    servicer = Blocking(CatalogServicer(SHELF, RANKINGS[ranking]))
    server = grpc_testing.server_from_dictionary({SERVICE: servicer}, grpc_testing.strict_real_time())
    invoked = server.invoke_unary_unary(SERVICE.methods_by_name[method], (), request, None)
    answer, _, code, details = invoked.termination()
    assert code is grpc.StatusCode.OK, details
    return answer


def listed(**request: Any) -> list[str]:
    ranking = request.pop("ranking", "name")
    answer = call("ListProducts", catalog_pb2.ListProductsRequest(**request), ranking)
    return [found.name for found in answer.products]


def test_a_product_is_told_with_its_name_and_price() -> None:
    found = call("GetProduct", catalog_pb2.GetProductRequest(name="products/b-lamp")).product
    assert (found.name, found.title, found.category) == ("products/b-lamp", "Desk Lamp", "living")
    assert (found.price.minor_units, found.price.currency_code) == (1999, "EUR")


def test_several_products_come_in_the_order_asked() -> None:
    names = ["products/c-mug", "products/a-rug"]
    answer = call("BatchGetProducts", catalog_pb2.BatchGetProductsRequest(names=names))
    assert [found.name for found in answer.products] == names


@pytest.mark.parametrize(
    ("ranking", "order"),
    [("name", ["products/a-rug", "products/b-lamp"]), ("relevance", ["products/b-lamp", "products/a-rug"])],
)
def test_the_ranking_decides_the_order_of_what_is_found(ranking: str, order: list[str]) -> None:
    assert listed(query="LAMP", ranking=ranking) == order


def test_every_word_must_be_found_and_the_category_must_be_the_one_asked() -> None:
    assert listed(query="lamp soft") == ["products/a-rug"]
    assert listed(query="lamp", category="kitchen") == []
    assert listed(category="kitchen") == ["products/c-mug"]
