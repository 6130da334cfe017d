"""A mesh that answers commands as a test says, behind the socket and the state folder of a real one."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.message import Message

from loopmesh.admin.v1 import admin_pb2
from loopmesh.run.state import MeshRecord, open_state

WALLET = admin_pb2.WorkloadStatus(
    name="wallet-v1-0",
    service="wallet",
    namespace="shop",
    version="v1",
    ready=True,
    restarts=2,
    pid=11,
    spiffe_id="spiffe://cluster.local/ns/shop/sa/wallet",
    envoy=admin_pb2.EnvoyStatus(pid=12),
)
EDGE = admin_pb2.WorkloadStatus(
    name="edge-0",
    service="edge",
    namespace="shop",
    reason="its proxy does not answer",
    spiffe_id="spiffe://cluster.local/ns/shop/sa/edge",
    envoy=admin_pb2.EnvoyStatus(
        pid=13, rejected=[admin_pb2.Rejection(workload="edge-0", resource_type="Listener", message="no such filter")]
    ),
)
STATUS = admin_pb2.GetStatusResponse(
    workloads=[WALLET, EDGE],
    edge={"http": "http://127.0.0.1:8080"},
    services=[
        admin_pb2.ServiceInfo(name="wallet", namespace="shop", ports={"grpc": 50051, "http-api": 8080}),
        admin_pb2.ServiceInfo(name="fraud", namespace="risk", ports={"grpc": 7000}),
    ],
)


METHODS = admin_pb2.DESCRIPTOR.services_by_name["AdminService"].methods_by_name


class ScriptedMesh(grpc.GenericRpcHandler):
    """`answers`: per method, the message or messages it gives, or the reason for which it refuses. `asked` are the
    requests that came."""

    def __init__(self, **answers: Message | list[Message] | str) -> None:
        self.asked: list[Message] = []
        self._answers = {"GetStatus": STATUS, **answers}

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        method = METHODS[details.method.rpartition("/")[2]]
        answer = self._answers[method.name]

        def behave(request: Message, context: grpc.ServicerContext) -> Any:
            self.asked.append(request)
            if isinstance(answer, str):
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, answer)
            return iter(answer) if isinstance(answer, list) else answer

        kind = grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
        return kind(
            behave,
            request_deserializer=message_factory.GetMessageClass(method.input_type).FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )


@contextmanager
def running(mesh: ScriptedMesh, folder: Path) -> Iterator[Path]:
    """The state folder of a mesh that runs."""
    state = open_state(folder / "state")
    socket = folder / "admin.sock"
    record = MeshRecord(pid=1, started_at=time.time(), runtime_folder=str(folder), admin_socket=str(socket))
    state.write_record(record)
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((mesh,))
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    try:
        yield state.path
    finally:
        server.stop(None).wait()
        state.close()
