"""gRPC that takes any unary method of any service and answers with what it saw, as JSON."""

import asyncio
import json
import os

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from script import arrive, failure, tell_addresses


class AnyMethod(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method.startswith("/grpc.health"):
            return None

        async def call(body, context):
            return await respond(details.method, body, context)

        return grpc.unary_unary_rpc_method_handler(call)


async def respond(method, body, context):
    headers = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
    arrival = arrive(headers, method="POST", path=method, body=body.decode())
    who = (("x-lab-answer", arrival["instance"]),)
    failed = await failure(headers, arrival["attempt"])
    if failed:
        # All in the trailers: a proxy retries only what has not begun to answer.
        await context.abort(grpc.StatusCode[failed], "as the call says", who)
    await context.send_initial_metadata(who)
    return json.dumps(arrival).encode()


async def main() -> None:
    tell_addresses()
    server = grpc.aio.server()
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    server.add_generic_rpc_handlers((AnyMethod(),))
    server.add_insecure_port(os.environ["LISTEN_ADDR"])
    await server.start()
    await health.set("", health_pb2.HealthCheckResponse.SERVING)
    await server.wait_for_termination()


asyncio.run(main())
