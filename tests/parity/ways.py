"""The ways calls of a case take into the mesh. Enters: a call and the mesh's status. Leaves: where it is dialled."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopmesh.admin.v1 import admin_pb2, admin_pb2_grpc
from tests.parity.calling import Way, dial_variable
from tests.parity.case import Call

OWN_STREAM = re.compile(r"(?:(?P<tls>[A-Z]+ https://)|TCP )(?P<target>[^/:]+:\d+)")


@contextmanager
def open_way(
    call: Call, status: admin_pb2.GetStatusResponse, stub: admin_pb2_grpc.AdminServiceStub, folder: Path
) -> Iterator[Way]:
    """`folder` is where programs write down what they are told to dial."""
    sender = call.sender
    if sender.startswith("edge/"):
        address = status.edge[sender.removeprefix("edge/")].partition("://")[2]
        yield Way(address=address, dialled={}, folder=folder)
        return
    found = next(one for one in status.workloads if one.name.startswith(f"{sender}-"))
    dialled = json.loads((folder / f"{found.name}.json").read_text())
    stream = OWN_STREAM.match(call.call)
    if stream and (stream["tls"] or dial_variable(stream["target"]) not in dialled):
        host, _, port = stream["target"].partition(":")
        with _forwarded(stub, found.name, host, int(port)) as address:
            yield Way(address=address, dialled={}, folder=folder)
        return
    yield Way(unix=Path(found.outbound_socket), dialled=dialled, folder=folder)


@contextmanager
def _forwarded(stub: admin_pb2_grpc.AdminServiceStub, workload: str, host: str, port: int) -> Iterator[str]:
    """An address that leads to the host through the workload's sidecar; programs are given theirs at the start."""
    request = admin_pb2.ForwardRequest(workload=workload, service=host, port=port, listen_address="127.0.0.1")
    stream = stub.Forward(request)
    opened = next(iter(stream))
    try:
        yield f"{opened.listen_address}:{opened.listen_port}"
    finally:
        stream.cancel()
