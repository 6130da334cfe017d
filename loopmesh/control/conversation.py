"""How both services talk to a proxy: whom they listen to, and a stream's life.

Enters: a call of a proxy. Leaves: its requests to whoever answers, and the stream's responses to the proxy.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import NoReturn

import grpc
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from loopmesh.control.delta_stream import DeltaStream
from loopmesh.control.proxy import Proxy

log = logging.getLogger(__name__)
Requests = AsyncIterator[DeltaDiscoveryRequest]
Context = grpc.aio.ServicerContext  # its parameters exist for type checkers only
Admitted = Callable[[str], Proxy | None]


async def admit(
    first: DeltaDiscoveryRequest | None,
    admitted: Admitted,
    context: "Context[DeltaDiscoveryRequest, DeltaDiscoveryResponse]",
) -> Proxy:
    """The proxy the first request names; ends the call with PERMISSION_DENIED when nobody admitted it."""
    node_id = first.node.id if first is not None else ""
    proxy = admitted(node_id)
    if proxy is None:
        log.warning("refused a proxy nobody started: %r", node_id)
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, f"no workload of this mesh is {node_id!r}")
    return proxy


async def converse(
    first: DeltaDiscoveryRequest,
    rest: Requests,
    context: "Context[DeltaDiscoveryRequest, DeltaDiscoveryResponse]",
    stream: DeltaStream,
    take: Callable[[DeltaDiscoveryRequest], None],
) -> None:
    """Lasts until either side ends the stream."""
    reader = asyncio.create_task(_read(first, rest, stream, take))
    try:
        async for response in stream.responses():
            await context.write(response)
    finally:
        stream.close()
        reader.cancel()
    await asyncio.wait([reader])
    if not reader.cancelled():
        reader.result()


async def _read(
    first: DeltaDiscoveryRequest, rest: Requests, stream: DeltaStream, take: Callable[[DeltaDiscoveryRequest], None]
) -> None:
    try:
        take(first)
        async for request in rest:
            take(request)
    finally:
        stream.close()


async def refuse_state_of_the_world(context: "Context[object, object]") -> NoReturn:
    """The older variant of xDS, which a proxy speaks when its bootstrap says GRPC."""
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, "this control plane speaks delta xDS only: use DELTA_GRPC")
