"""Somebody else's authorizer, over gRPC (Envoy's ext_authz v3): a call passes that says `x-authorize: allow`.

It tells the service of its decision in `x-authorized-by`, and passes what it was told of the call on in `x-checked`.
"""

import asyncio
import os

import grpc
from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.service.auth.v3 import external_auth_pb2_grpc
from envoy.service.auth.v3.external_auth_pb2 import CheckResponse, DeniedHttpResponse, OkHttpResponse
from envoy.type.v3.http_status_pb2 import HttpStatus
from google.rpc.code_pb2 import OK, PERMISSION_DENIED
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from script import tell_addresses


class Authorizer(external_auth_pb2_grpc.AuthorizationServicer):
    async def Check(self, request, context):
        asked = request.attributes.request.http
        if "sleepy" in asked.path:
            await asyncio.sleep(3)
        told = asked.body or asked.raw_body.decode()
        headers = [
            _header("x-authorized-by", "authorizer"),
            _header("x-checked", f"{asked.method} {asked.path} {told}"),
        ]
        # A connection says nothing of itself but who opened it.
        by_peer = not asked.path and "/sa/client" in request.attributes.source.principal
        if asked.headers.get("x-authorize") == "allow" or by_peer:
            return CheckResponse(status=Status(code=OK), ok_response=OkHttpResponse(headers=headers))
        denied = DeniedHttpResponse(status=HttpStatus(code=403), headers=headers, body="denied by the authorizer")
        return CheckResponse(status=Status(code=PERMISSION_DENIED), denied_response=denied)


def _header(name, value):
    return HeaderValueOption(header=HeaderValue(key=name, value=value.strip()))


async def main():
    tell_addresses()
    server = grpc.aio.server()
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    external_auth_pb2_grpc.add_AuthorizationServicer_to_server(Authorizer(), server)
    server.add_insecure_port(os.environ["LISTEN_ADDR"])
    await server.start()
    await health.set("", health_pb2.HealthCheckResponse.SERVING)
    await server.wait_for_termination()


asyncio.run(main())
