"""Lists are read page by page: every item once, in order, and no page nobody was told of."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import grpc
import pytest
import pytest_asyncio
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest
from shop.catalog.v1 import catalog_pb2
from shop.orders.v1 import orders_pb2
from shop.type.v1 import money_pb2
from shop.wallet.v1 import wallet_pb2

from tests.services.migrated import migrated_sqlite
from tests.services.running import Running, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCOUNT = "accounts/saver"
DEPOSITS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """A list method; `total` is how many items its request finds."""

    service: str
    method: str
    request: Message
    items: str
    total: int


LISTS = (
    List(
        service="catalog",
        method="ListProducts",
        request=catalog_pb2.ListProductsRequest(query="oak"),
        items="products",
        total=27,
    ),
    List(
        service="wallet",
        method="ListPostings",
        request=wallet_pb2.ListPostingsRequest(parent=ACCOUNT),
        items="postings",
        total=DEPOSITS,
    ),
    List(
        service="orders",
        method="ListOrders",
        request=orders_pb2.ListOrdersRequest(account=ACCOUNT),
        items="orders",
        total=0,
    ),
)
every_list = pytest.mark.parametrize("one", LISTS, ids=lambda one: one.method)
NOT_OURS = {
    "no base64": "!",
    "not ASCII": "ü",
    "no text": urlsafe_b64encode(b"\xff\xfe").decode(),
    "a control character": urlsafe_b64encode(b"\0").decode(),
    "nowhere": urlsafe_b64encode(b"nowhere").decode(),
    "a number in other digits": urlsafe_b64encode("²".encode()).decode(),
    "a number too large to be one": urlsafe_b64encode(b"9" * 30).decode(),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Running]]:
    folder = tmp_path_factory.mktemp("services")
    async with AsyncExitStack() as stack:
        services = {
            name: await stack.enter_async_context(running(name, folder, migrated_sqlite(name, folder)))
            for name in ("catalog", "wallet", "orders")
        }
        for units in range(1, DEPOSITS + 1):
            amount = money_pb2.Money(minor_units=units, currency_code="EUR")
            await services["wallet"].call(
                "Deposit", wallet_pb2.DepositRequest(name=ACCOUNT, amount=amount, request_id=str(uuid4()))
            )
        yield services


def page_request(one: List, size: int, token: str = "") -> Any:
    request: Any = type(one.request)()
    request.CopyFrom(one.request)
    request.page_size, request.page_token = size, token
    return request


async def pages(services: dict[str, Running], one: List, size: int) -> list[list[Any]]:
    read: list[list[Any]] = []
    token = ""
    while not read or token:
        answer = await services[one.service].call(one.method, page_request(one, size, token))
        read.append(list(getattr(answer, one.items)))
        token = answer.next_page_token
    return read


@every_list
@pytest.mark.parametrize("size", [1, 2, 7, 27, 200])
async def test_all_pages_together_are_the_list_in_its_order(services: dict[str, Running], one: List, size: int) -> None:
    read = await pages(services, one, size)
    (whole,) = await pages(services, one, 200)
    assert [item for page in read for item in page] == whole
    assert len(whole) == one.total
    assert all(len(page) == size for page in read[:-1])
    assert len(read[-1]) == (one.total - 1) % size + 1 if one.total else read == [[]]


async def test_without_a_size_a_page_has_fifty_items(services: dict[str, Running]) -> None:
    answer = await services["catalog"].call("ListProducts", catalog_pb2.ListProductsRequest())
    assert len(answer.products) == 50


@every_list
@pytest.mark.parametrize("size", [-1, 201])
async def test_a_size_out_of_bounds_is_refused(services: dict[str, Running], one: List, size: int) -> None:
    refusal = await services[one.service].refusal(one.method, page_request(one, size))
    assert (refusal.code, violated(refusal.details)) == (grpc.StatusCode.INVALID_ARGUMENT, ["page_size"])


@every_list
@pytest.mark.parametrize("token", NOT_OURS.values(), ids=NOT_OURS)
async def test_a_token_this_list_did_not_give_is_refused(services: dict[str, Running], one: List, token: str) -> None:
    refusal = await services[one.service].refusal(one.method, page_request(one, 2, token))
    assert (refusal.code, violated(refusal.details)) == (grpc.StatusCode.INVALID_ARGUMENT, ["page_token"])


def violated(details: tuple[Message, ...]) -> list[str]:
    (detail,) = details
    assert isinstance(detail, BadRequest)
    return [violation.field for violation in detail.field_violations]
