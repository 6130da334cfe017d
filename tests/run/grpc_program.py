"""A gRPC server with health: SIGUSR1 makes it NOT_SERVING, SIGUSR2 SERVING again, SIGTERM drains it.

/lab.Slow/Wait answers when a file named `go` is beside the journal.
"""

import asyncio
import os
import signal
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

GO = Path(os.environ["JOURNAL"]).with_name("go")


async def wait(request: bytes, context: object) -> bytes:
    while not GO.exists():  # noqa: ASYNC110 # the test has no other way in
        await asyncio.sleep(0.01)
    return b"done"


async def main() -> None:
    server = grpc.aio.server()
    state = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(state, server)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("lab.Slow", {"Wait": grpc.unary_unary_rpc_method_handler(wait)}),)
    )
    server.add_insecure_port(os.environ["LISTEN_ADDR"])
    await server.start()
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    serving = health_pb2.HealthCheckResponse.SERVING
    not_serving = health_pb2.HealthCheckResponse.NOT_SERVING
    await state.set("", serving)
    loop.add_signal_handler(signal.SIGUSR1, lambda: loop.create_task(state.set("", not_serving)))
    loop.add_signal_handler(signal.SIGUSR2, lambda: loop.create_task(state.set("", serving)))
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    await server.stop(grace=5)


asyncio.run(main())
