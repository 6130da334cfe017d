"""Delta ADS: clusters, endpoints, listeners and routes of a proxy on one ordered stream."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

import grpc
from envoy.service.discovery.v3.ads_pb2_grpc import AggregatedDiscoveryServiceServicer
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from loopmesh.control.delta_stream import DeltaStream
from loopmesh.control.proxy import Proxy

log = logging.getLogger(__name__)
Requests = AsyncIterator[DeltaDiscoveryRequest]


class AggregatedDiscovery(AggregatedDiscoveryServiceServicer):  # type: ignore[misc]
    """Answers admitted proxies only; state of the world is answered UNIMPLEMENTED by the base class."""

    def __init__(self, admitted: Callable[[str], Proxy | None]) -> None:
        self._admitted = admitted

    async def DeltaAggregatedResources(
        self,
        request_iterator: Requests,
        context: "grpc.aio.ServicerContext[DeltaDiscoveryRequest, DeltaDiscoveryResponse]",
    ) -> AsyncIterator[DeltaDiscoveryResponse]:
        first = await anext(request_iterator, None)
        proxy = await admit(first, self._admitted, context)
        stream = DeltaStream()
        if proxy.stream is not None:
            proxy.stream.close()
        proxy.stream = stream
        reader = asyncio.create_task(_read(first, request_iterator, proxy, stream))
        try:
            async for response in stream.responses():
                yield response
        finally:
            reader.cancel()
            stream.close()
            if proxy.stream is stream:
                proxy.stream = None


async def admit(
    first: DeltaDiscoveryRequest | None,
    admitted: Callable[[str], Proxy | None],
    context: "grpc.aio.ServicerContext[DeltaDiscoveryRequest, DeltaDiscoveryResponse]",
) -> Proxy:
    """The proxy the first request names; ends the call with PERMISSION_DENIED when nobody admitted it."""
    node_id = first.node.id if first is not None else ""
    proxy = admitted(node_id)
    if proxy is None:
        log.warning("refused a proxy nobody started: %r", node_id)
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, f"no workload of this mesh is {node_id!r}")
        raise AssertionError("abort raises")
    return proxy


async def _read(first: DeltaDiscoveryRequest, rest: Requests, proxy: Proxy, stream: DeltaStream) -> None:
    _take(first, proxy, stream)
    async for request in rest:
        _take(request, proxy, stream)
    stream.close()


def _take(request: DeltaDiscoveryRequest, proxy: Proxy, stream: DeltaStream) -> None:
    opening = request.type_url not in stream.subscriptions
    answer = stream.receive(request)
    if answer is not None:
        proxy.note_answer(*answer)
    if opening or request.resource_names_subscribe:
        sent = stream.send_changes(request.type_url, proxy.snapshot)
        if sent is None and opening:
            stream.send_empty(request.type_url)
