"""Hands exports on to another OTLP backend without waiting for it."""

import asyncio
import logging
from urllib.parse import urlsplit

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

MOST_WAITING = 1_000
TIMEOUT_S = 10
STOP_S = 2
log = logging.getLogger(__name__)


class Forwarder:
    """To be made in the running event loop. A backend that is slow or away costs exports, never time."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        target = parts.netloc or endpoint
        secure = parts.scheme == "https"
        self._channel = (
            grpc.aio.secure_channel(target, grpc.ssl_channel_credentials())
            if secure
            else grpc.aio.insecure_channel(target)
        )
        self._stub = TraceServiceStub(self._channel)
        self._waiting: asyncio.Queue[ExportTraceServiceRequest] = asyncio.Queue(MOST_WAITING)
        self._task = asyncio.create_task(self._run())
        self.dropped = 0

    def send(self, request: ExportTraceServiceRequest) -> None:
        try:
            self._waiting.put_nowait(request)
        except asyncio.QueueFull:
            self.dropped += 1

    async def stop(self) -> None:
        """Waits a moment for what is under way."""
        await asyncio.wait({asyncio.create_task(self._waiting.join())}, timeout=STOP_S)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._channel.close()

    async def _run(self) -> None:
        while True:
            request = await self._waiting.get()
            try:
                await self._stub.Export(request, timeout=TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                self.dropped += 1
                log.warning("spans were not handed on: %s", error.details())
            finally:
                self._waiting.task_done()
