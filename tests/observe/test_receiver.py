"""Spans come in by OTLP from the SDK, are kept, and go on to another backend."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    TraceServiceStub,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from loopmesh.observe import OtlpReceiver, TraceStore, build_trace, find_trace
from tests.observe.spans import TRACE, export
from tests.observing import wait_until


class Backend(TraceServiceServicer):
    """Another tracing backend, which notes what it gets."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []

    async def Export(self, request: ExportTraceServiceRequest, context: object) -> ExportTraceServiceResponse:
        self.requests.append(request)
        return ExportTraceServiceResponse()


@pytest.fixture
async def backend() -> AsyncIterator[tuple[Backend, int]]:
    servicer = Backend()
    server = grpc.aio.server()
    add_TraceServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield servicer, port
    await server.stop(None)


async def send(port: int, *requests: ExportTraceServiceRequest) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        for request in requests:
            await TraceServiceStub(channel).Export(request, timeout=5)


async def test_what_the_sdk_exports_is_found_as_a_tree(tmp_path: Path) -> None:
    import asyncio

    receiver = OtlpReceiver(TraceStore(tmp_path / "traces.db"))
    port = await receiver.start()
    provider = TracerProvider(resource=Resource.create({"service.name": "orders"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"http://127.0.0.1:{port}")))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner"):
        pass
    await asyncio.to_thread(provider.shutdown)
    await receiver.stop()

    trace = build_trace(find_trace(tmp_path / "traces.db", "last"))
    (root,) = trace.roots
    assert (root.span.service, root.span.name) == ("orders", "outer")
    assert [child.span.name for child in root.children] == ["inner"]


async def test_everything_that_was_taken_is_written_before_it_stops(tmp_path: Path) -> None:
    receiver = OtlpReceiver(TraceStore(tmp_path / "traces.db"))
    port = await receiver.start()
    await send(port, *(export(f"span {number}", number) for number in range(1, 101)))
    await receiver.stop()
    assert len(find_trace(tmp_path / "traces.db", TRACE)) == 100
    assert receiver.dropped == 0


async def test_spans_that_cannot_be_kept_are_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = TraceStore(tmp_path / "traces.db")
    store.close()
    receiver = OtlpReceiver(store)
    port = await receiver.start()

    async def dropped() -> int:
        return receiver.dropped

    for number in range(1, 4):
        await send(port, export("PlaceOrder", number))
        await wait_until("it is dropped", dropped)
        receiver.dropped = 0
    await receiver.stop()
    assert [record.getMessage() for record in caplog.records] == [
        "spans cannot be kept and are lost until this ends: Cannot operate on a closed database."
    ]


async def test_another_backend_gets_the_same_requests(tmp_path: Path, backend: tuple[Backend, int]) -> None:
    servicer, port = backend
    receiver = OtlpReceiver(TraceStore(tmp_path / "traces.db"), f"http://127.0.0.1:{port}")
    requests = [export("one", 1), export("two", 2, 1)]
    await send(await receiver.start(), *requests)

    async def both_arrived() -> bool:
        return len(servicer.requests) == 2

    await wait_until("both at the backend", both_arrived)
    await receiver.stop()
    assert servicer.requests == requests
    assert len(find_trace(tmp_path / "traces.db", TRACE)) == 2


async def test_a_backend_that_is_not_there_costs_nothing_here(tmp_path: Path) -> None:
    receiver = OtlpReceiver(TraceStore(tmp_path / "traces.db"), "http://127.0.0.1:1")
    await send(await receiver.start(), export("one", 1))
    await receiver.stop()
    assert len(find_trace(tmp_path / "traces.db", TRACE)) == 1
