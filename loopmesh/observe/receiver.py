"""Takes spans in by OTLP over gRPC, keeps them, and hands the same on to another backend if there is one."""

import asyncio
import logging
import sqlite3

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from loopmesh.observe.forwarder import Forwarder
from loopmesh.observe.span import spans_of
from loopmesh.observe.store import TraceStore

MOST_WAITING = 1_000
MESSAGE_BYTES = 64 * 1024 * 1024
log = logging.getLogger(__name__)


class OtlpReceiver(TraceServiceServicer):
    """Answers at once and writes behind; what comes faster than it can be written is dropped and counted."""

    def __init__(self, store: TraceStore, forward_to: str | None = None) -> None:
        """`forward_to` is an OTLP endpoint as in OTEL_EXPORTER_OTLP_ENDPOINT: `http://host:4317` or https."""
        self._store = store
        self._forwarder = Forwarder(forward_to) if forward_to else None
        self._waiting: asyncio.Queue[ExportTraceServiceRequest] = asyncio.Queue(MOST_WAITING)
        self._server: grpc.aio.Server | None = None
        self._writer: asyncio.Task[None] | None = None
        self._is_keeping = True
        self.dropped = 0

    async def start(self, address: str = "127.0.0.1:0") -> int:
        """Returns the port. Raises RuntimeError when the address cannot be listened on."""
        self._server = grpc.aio.server(options=[("grpc.max_receive_message_length", MESSAGE_BYTES)])
        add_TraceServiceServicer_to_server(self, self._server)
        port = self._server.add_insecure_port(address)
        await self._server.start()
        self._writer = asyncio.create_task(self._write())
        return port

    async def stop(self) -> None:
        """Writes what is waiting first."""
        if self._server is not None:
            await self._server.stop(0.2)
        await self._waiting.join()
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        if self._forwarder is not None:
            await self._forwarder.stop()

    async def Export(
        self,
        request: ExportTraceServiceRequest,
        context: grpc.aio.ServicerContext[ExportTraceServiceRequest, ExportTraceServiceResponse],
    ) -> ExportTraceServiceResponse:
        try:
            self._waiting.put_nowait(request)
        except asyncio.QueueFull:
            self.dropped += 1
        if self._forwarder is not None:
            self._forwarder.send(request)
        return ExportTraceServiceResponse()

    async def _write(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            spans = [span for request in batch for span in spans_of(request)]
            try:
                await asyncio.to_thread(self._store.add, spans)
                self._is_keeping = True
            except sqlite3.Error as error:
                self.dropped += len(batch)
                if self._is_keeping:
                    log.error("spans cannot be kept and are lost until this ends: %s", error)
                self._is_keeping = False
            for _ in batch:
                self._waiting.task_done()
