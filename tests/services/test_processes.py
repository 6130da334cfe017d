"""Services as they run: processes with an environment, ended by SIGTERM. All five start at once, once for all tests."""

import asyncio
import json
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import grpc
import pytest
import pytest_asyncio
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from shop.inventory.v1 import inventory_pb2
from shop.orders.v1 import orders_pb2
from shop.shipping.v1 import shipping_pb2
from shop.type.v1 import money_pb2
from shop.wallet.v1 import wallet_pb2

from tests.observing import wait_until
from tests.services.running import NAMES
from tests.services.service_process import ServiceProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLERS_TRACE = "0af7651916cd43dd8448eb211c80319c"
WRITES: dict[str, tuple[str, Message]] = {
    "inventory": (
        "/shop.inventory.v1.InventoryService/AddStock",
        inventory_pb2.AddStockRequest(name="stock/oak-tumbler", quantity=1, request_id=str(uuid4())),
    ),
    "wallet": (
        "/shop.wallet.v1.WalletService/Deposit",
        wallet_pb2.DepositRequest(
            name="accounts/ada",
            amount=money_pb2.Money(minor_units=1, currency_code="EUR"),
            request_id=str(uuid4()),
        ),
    ),
    "shipping": (
        "/shop.shipping.v1.ShippingService/CancelShipment",
        shipping_pb2.CancelShipmentRequest(name="shipments/1", request_id=str(uuid4())),
    ),
}
ORDER = orders_pb2.PlaceOrderRequest(
    account="accounts/ada",
    lines=[inventory_pb2.Line(product="products/oak-tumbler", quantity=1)],
    address=shipping_pb2.Address(recipient="Ada", street="Here 1", city="Berlin", country_code="DE"),
    request_id=str(uuid4()),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def processes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, ServiceProcess]]:
    folder = tmp_path_factory.mktemp("processes")
    nobody = f"unix:{folder / 'nobody.sock'}"
    found = {name: ServiceProcess(name, folder, nobody, f"sqlite:///{folder / name}.db") for name in NAMES}
    try:
        await asyncio.gather(*(process.start() for process in found.values()))
        yield found
    finally:
        await asyncio.gather(*(process.stop() for process in found.values()))


async def health(process: ServiceProcess) -> int:
    stub: Any = health_pb2_grpc.HealthStub(process.channel)
    return int((await stub.Check(health_pb2.HealthCheckRequest(), timeout=10)).status)


def lines(process: ServiceProcess) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.log.read_text().splitlines()]


async def test_what_a_service_says_in_a_call_carries_the_callers_trace(processes: dict[str, ServiceProcess]) -> None:
    orders = processes["orders"]
    traceparent = ("traceparent", f"00-{CALLERS_TRACE}-b7ad6b7169203331-01")
    placing: Any = orders.channel.unary_unary("/shop.orders.v1.OrderService/PlaceOrder")
    call = asyncio.ensure_future(placing(ORDER.SerializeToString(), metadata=(traceparent,)))

    async def said() -> list[dict[str, Any]]:
        return [line for line in lines(orders) if line.get("trace_id") == CALLERS_TRACE]

    found = await wait_until("a line of the caller's trace", said)
    call.cancel()
    assert {"time", "level", "logger", "message", "span_id"} <= set(found[0])
    assert "asking again after UNAVAILABLE" in found[0]["message"]


@pytest.mark.parametrize("name", WRITES)
async def test_on_sigterm_a_call_that_has_begun_is_answered_while_health_says_no(
    processes: dict[str, ServiceProcess], name: str
) -> None:
    process = processes[name]
    method, request = WRITES[name]
    with closing(sqlite3.connect(process.log.with_suffix(".db"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        # As a stream, for a client is told of a single answer's headers only when the answer is there.
        writing: Any = process.channel.unary_stream(method)
        call = writing(request.SerializeToString(), timeout=30)
        assert (await call.initial_metadata())["x-served-by"] == f"{name}-v1-0"
        stub: Any = health_pb2_grpc.HealthStub(process.channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        assert (await anext(aiter(watch))).status == health_pb2.HealthCheckResponse.SERVING
        process.running.send_signal(signal.SIGTERM)
        assert (await anext(aiter(watch))).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert not call.done()
        other.execute("ROLLBACK")
    assert [answer async for answer in call]
    watch.cancel()
    assert await process.exit_code() == 0


@pytest.mark.parametrize("name", ["catalog", "orders"])
async def test_on_sigterm_a_service_without_calls_ends(processes: dict[str, ServiceProcess], name: str) -> None:
    process = processes[name]
    assert await health(process) == health_pb2.HealthCheckResponse.SERVING
    process.running.send_signal(signal.SIGTERM)
    assert await process.exit_code() == 0
    with pytest.raises(grpc.aio.AioRpcError):
        await health(process)


@pytest.mark.parametrize("name", NAMES)
async def test_everything_it_printed_is_a_json_line(processes: dict[str, ServiceProcess], name: str) -> None:
    said = lines(processes[name])
    assert [line["message"] for line in said if line["logger"] == "services.chassis.program"] == [
        f"{name}-v1-0 serves on unix:{processes[name].log.parent / name}-app.sock",
        "draining",
    ]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in said)
