"""Services that fail as told, all behind one socket as behind a sidecar: a fake for failures that real services do not
show on request. A call not told to fail goes on to the real service, or gets a set answer where there is none."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

Context = grpc.aio.ServicerContext[bytes, bytes]


@dataclass(frozen=True, slots=True)
class LostAnswer:
    """The call takes effect, and its caller is told this instead."""

    status: grpc.StatusCode


class Hang:
    """The call is taken and never answered."""


Fault = grpc.StatusCode | LostAnswer | Hang


class UnreliableServices(grpc.GenericRpcHandler):
    """`faults`: per method, what happens to its next calls, one after another. `always`: what happens to each call when
    there are none. `calls` and `traces`: every request and its trace id, per method. `targets`: the real services, by
    package (`shop.wallet.v1`)."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        self.faults: defaultdict[str, list[Fault]] = defaultdict(list)
        self.always: dict[str, Fault] = {}
        self.answers: dict[str, bytes] = {}
        self.calls: defaultdict[str, list[bytes]] = defaultdict(list)
        self.traces: defaultdict[str, list[str]] = defaultdict(list)
        self._channels = {package: grpc.aio.insecure_channel(target) for package, target in targets.items()}

    def lose_answers(self, method: str, times: int, status: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> None:
        self.faults[method] = [LostAnswer(status)] * times

    def hold(self, method: str) -> None:
        """Its calls hang until it is let go."""
        self.always[method] = Hang()

    def let_go(self, method: str) -> None:
        del self.always[method]

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        return grpc.unary_unary_rpc_method_handler(self._handler_of(details.method))

    def _handler_of(self, path: str) -> Callable[[bytes, Context], Awaitable[bytes]]:
        method = path.rpartition("/")[2]

        async def handle(request: bytes, context: Context) -> bytes:
            self.calls[method].append(request)
            self.traces[method].append(_trace_of(context))
            fault = self.faults[method].pop(0) if self.faults[method] else self.always.get(method)
            if isinstance(fault, Hang):
                await asyncio.Event().wait()
            if isinstance(fault, grpc.StatusCode):
                await context.abort(fault, f"{method} was told to fail")
            answer = await self._pass_on(path, request, context)
            if isinstance(fault, LostAnswer):
                await context.abort(fault.status, "the answer was lost")
            return answer

        return handle

    async def _pass_on(self, path: str, request: bytes, context: Context) -> bytes:
        service, _, method = path.removeprefix("/").rpartition("/")
        package = service.rpartition(".")[0]
        if package not in self._channels:
            return self.answers.get(method, b"")
        try:
            call: Any = self._channels[package].unary_unary(path)
            answer: bytes = await call(request, timeout=context.time_remaining())
            return answer
        except grpc.aio.AioRpcError as error:
            await context.abort(error.code(), error.details() or "", tuple(error.trailing_metadata()))
            raise

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()


def _trace_of(context: Context) -> str:
    """By W3C Trace Context: `00-<trace id>-<span id>-<flags>`."""
    metadata = dict(context.invocation_metadata() or ())
    return str(metadata.get("traceparent", "--")).split("-")[1]


@asynccontextmanager
async def serving(services: UnreliableServices, socket: Path) -> AsyncIterator[str]:
    """The gRPC target they answer at."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((services,))
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    yield f"unix:{socket}"
    await server.stop(None)
    await services.close()
