"""The gRPC side: every method of every service, health included."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2

from loopmesh.scripted.script import Script
from loopmesh.scripted.wire import Headers

HEALTH = "/grpc.health.v1.Health/"
SERVING = health_pb2.HealthCheckResponse.SERVING
INSTANCE_HEADER = "x-instance"
Context = grpc.aio.ServicerContext[bytes, bytes]


class AnyMethod(grpc.GenericRpcHandler):
    """Takes whatever is called; a stream's first message is its request and its only answer."""

    def __init__(self, script: Script, instance: str) -> None:
        self._script = script
        self._instance = instance

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        path = handler_call_details.method
        behaviour = self._health if path.startswith(HEALTH) else self._scripted(path)
        return grpc.unary_unary_rpc_method_handler(behaviour)

    def _scripted(self, path: str) -> Callable[[bytes, Context], Awaitable[bytes]]:
        async def call(request: bytes, context: Context) -> bytes:
            headers = _headers(context.invocation_metadata())
            answer = await self._script.answer(protocol="grpc", method="POST", path=path, headers=headers, body=request)
            said = ((INSTANCE_HEADER, self._instance), *answer.headers)
            if answer.code != grpc.StatusCode.OK.name:
                # The status comes without headers before it, as other servers send it: only then do proxies try again.
                await context.abort(grpc.StatusCode[answer.code], answer.details, said)
            await context.send_initial_metadata(said)
            return answer.body

        return call

    async def _health(self, request: bytes, context: Context) -> bytes:
        serving: bytes = health_pb2.HealthCheckResponse(status=SERVING).SerializeToString()
        return serving


def _headers(metadata: Any) -> Headers:
    """Binary ones are left out: they are no text."""
    return tuple((key, value) for key, value in metadata or () if isinstance(value, str))
