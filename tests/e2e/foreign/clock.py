"""Tells the time over gRPC. Knows of the mesh only its environment."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

messages, services = grpc.protos_and_services("clock.proto")


class Clock(services.ClockServiceServicer):
    def GetTime(self, request, context):
        return messages.GetTimeResponse(time=datetime.now(UTC).isoformat(), instance=os.environ["HOSTNAME"])


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(4))
    services.add_ClockServiceServicer_to_server(Clock(), server)
    state = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(state, server)
    reflection.enable_server_reflection(("lab.clock.v1.ClockService", reflection.SERVICE_NAME), server)
    server.add_insecure_port(os.environ["LISTEN_ADDR"])
    server.start()
    state.set("", health_pb2.HealthCheckResponse.SERVING)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    stopped.wait()
    server.stop(grace=5).wait()


main()
