"""What every service does alike, because the chassis does it: asked of each of them over its socket."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf import descriptor_pool
from google.rpc.error_details_pb2 import BadRequest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.services.migrated import migrated_sqlite
from tests.services.running import NAMES, Running, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMPTY_REQUESTS = {
    "shop.catalog.v1.CatalogService/GetProduct": {"name"},
    "shop.catalog.v1.CatalogService/BatchGetProducts": {"names"},
    "shop.inventory.v1.InventoryService/GetStock": {"name"},
    "shop.inventory.v1.InventoryService/AddStock": {"name", "quantity", "request_id"},
    "shop.inventory.v1.InventoryService/Reserve": {"name", "lines", "request_id"},
    "shop.inventory.v1.InventoryService/Commit": {"name", "request_id"},
    "shop.inventory.v1.InventoryService/Release": {"name", "request_id"},
    "shop.wallet.v1.WalletService/GetAccount": {"name"},
    "shop.wallet.v1.WalletService/ListPostings": {"parent"},
    "shop.wallet.v1.WalletService/Deposit": {"name", "amount", "request_id"},
    "shop.wallet.v1.WalletService/Debit": {"name", "amount", "reference", "request_id"},
    "shop.wallet.v1.WalletService/Refund": {"name", "reference", "request_id"},
    "shop.shipping.v1.ShippingService/GetShipment": {"name"},
    "shop.shipping.v1.ShippingService/ArrangeShipment": {"name", "order", "address", "request_id"},
    "shop.shipping.v1.ShippingService/CancelShipment": {"name", "request_id"},
    "shop.orders.v1.OrderService/PlaceOrder": {"account", "lines", "address", "request_id"},
    "shop.orders.v1.OrderService/GetOrder": {"name"},
    "shop.orders.v1.OrderService/ListOrders": {"account"},
}
"""What an empty request violates. Products are listed without any."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=NAMES)
async def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp(request.param)
    async with running(request.param, folder, migrated_sqlite(request.param, folder)) as service:
        yield service


async def test_health_is_told_of_the_server_and_of_its_api(service: Running) -> None:
    health: Any = health_pb2_grpc.HealthStub(service.channel)
    for name in ("", *service.program.api):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.aio.AioRpcError) as unknown:
        await health.Check(health_pb2.HealthCheckRequest(service="shop.nothing.v1.Nothing"))
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND


async def reflected(service: Running, request: reflection_pb2.ServerReflectionRequest) -> Any:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(service.channel)
    async for answer in stub.ServerReflectionInfo(iter([request])):
        return answer
    raise AssertionError("reflection gave no answer")


async def test_reflection_lists_its_api_and_describes_it(service: Running) -> None:
    (api,) = service.program.api
    listed = await reflected(service, reflection_pb2.ServerReflectionRequest(list_services=""))
    assert api in {found.name for found in listed.list_services_response.service}
    described = await reflected(service, reflection_pb2.ServerReflectionRequest(file_containing_symbol=api))
    contract = descriptor_pool.Default().FindServiceByName(api).file
    assert contract.serialized_pb in described.file_descriptor_response.file_descriptor_proto


async def test_every_method_refuses_an_empty_request_and_names_every_field(service: Running) -> None:
    (api,) = service.program.api
    expected = {path.rpartition("/")[2]: fields for path, fields in EMPTY_REQUESTS.items() if path.startswith(api)}
    for method, fields in expected.items():
        refusal = await service.refusal(method)
        (detail,) = refusal.details
        assert isinstance(detail, BadRequest)
        assert {violation.field for violation in detail.field_violations} == fields, method
        assert all(violation.description for violation in detail.field_violations)
        assert all(f"{field}: " in refusal.message for field in fields)
        assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT


def unary(service: Running, path: str) -> Any:
    """A call with an empty request."""
    method: Any = service.channel.unary_unary(path)
    return method(b"")


def methods_of(api: str) -> set[str]:
    return {f"{api}/{method.name}" for method in descriptor_pool.Default().FindServiceByName(api).methods}


async def test_no_method_is_left_out(service: Running) -> None:
    (api,) = service.program.api
    tested = {path for path in EMPTY_REQUESTS if path.startswith(f"{api}/")}
    assert methods_of(api) - tested <= {"shop.catalog.v1.CatalogService/ListProducts"}


async def test_a_method_it_does_not_have_is_unimplemented(service: Running) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await unary(service, f"/{service.program.api[0]}/Steal")
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_bytes_that_are_no_message_are_refused(service: Running) -> None:
    for method in methods_of(service.program.api[0]):
        refusal = await service.refusal(method.rpartition("/")[2], b"\xff\xff\xff")
        assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
        assert refusal.message == "the request is not a message of this method"


async def test_every_answer_tells_which_instance_and_version_gave_it(service: Running) -> None:
    method = min(methods_of(service.program.api[0]))
    headers = dict(await unary(service, f"/{method}").initial_metadata())
    assert headers["x-served-by"] == f"{service.program.name}-v1-0"
    assert headers["x-version"] == "v1"
