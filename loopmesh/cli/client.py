"""The other end of the admin socket."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import grpc

from loopmesh.admin.v1 import admin_pb2, admin_pb2_grpc
from loopmesh.cli.admin_limits import LIMITS
from loopmesh.cli.errors import CommandError
from loopmesh.run.errors import RunError
from loopmesh.run.state import is_running, read_record

QUICK_S = 10
PORT = re.compile("[0-9]{1,5}")
MOST_PORT = 65535


@contextmanager
def running_mesh(state: Path) -> Iterator[admin_pb2_grpc.AdminServiceStub]:
    """A stub of the mesh of this state folder. Raises CommandError when none runs or it refuses."""
    try:
        record = read_record(state)
    except RunError as error:
        raise CommandError(str(error)) from error
    if record is None or not is_running(state):
        raise CommandError(f"no mesh runs in {state}; start one with `mesh up`, or name its folder with --state")
    sockets = Path(record.runtime_folder)
    if sockets.exists() and not os.access(sockets, os.X_OK):
        raise CommandError(f"the mesh in {state} belongs to {sockets.owner()}; only that user may speak to it")
    with grpc.insecure_channel(f"unix:{record.admin_socket}", options=LIMITS) as channel:
        try:
            yield admin_pb2_grpc.AdminServiceStub(channel)
        except grpc.RpcError as error:
            raise CommandError(_said(error, state)) from error


def _said(error: grpc.RpcError, state: Path) -> str:
    if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
        return str(error.details())
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return f"the mesh in {state} does not answer yet or is ending; see {state / 'logs' / 'mesh.log'}"
    return f"the mesh answered {error.code().name}: {error.details()}; see {state / 'logs' / 'mesh.log'}"


def get_status(state: Path) -> admin_pb2.GetStatusResponse:
    with running_mesh(state) as stub:
        return stub.GetStatus(admin_pb2.GetStatusRequest(), timeout=QUICK_S)


def default_namespace(state: Path) -> str:
    """The application's: that of policies which name none."""
    return next((service.namespace for service in get_status(state).services), "")


def find_workload(status: admin_pb2.GetStatusResponse, name: str) -> admin_pb2.WorkloadStatus:
    """By instance (`orders-v1-0`), service or gateway (`orders`, or `orders.shop` where two namespaces have one), or
    service and version (`catalog/v2`); a ready one if there is one. Raises CommandError."""
    service, _, version = name.partition("/")
    found = [
        workload
        for workload in status.workloads
        if name == workload.name or (service in _names(workload) and version in ("", workload.version))
    ]
    if not found:
        known = sorted({workload.service for workload in status.workloads})
        raise CommandError(f"there is no workload {name}; there are {', '.join(known)} and their instances")
    full = sorted({_names(workload)[1] for workload in found})
    if len(full) > 1:
        raise CommandError(f"several namespaces have a {service}; name one of {', '.join(full)}")
    return next((workload for workload in found if workload.ready), found[0])


def _names(workload: admin_pb2.WorkloadStatus) -> tuple[str, str]:
    return workload.service, f"{workload.service}.{workload.namespace}"


def split_target(target: str) -> tuple[str, int]:
    """`inventory:50051`. Raises UsageError."""
    return _split(target, "SERVICE:PORT, such as inventory:50051")


def split_address(address: str) -> tuple[str, int]:
    """`127.0.0.1:9000`. Raises UsageError."""
    return _split(address, "HOST:PORT, such as 127.0.0.1:9000")


def _split(text: str, form: str) -> tuple[str, int]:
    name, _, port = text.rpartition(":")
    if not name or PORT.fullmatch(port) is None:
        raise click.UsageError(f"{text!r} is not {form}")
    if int(port) > MOST_PORT:
        raise click.UsageError(f"{text!r}: a port is at most {MOST_PORT}")
    return name, int(port)


def service_and_namespace(service: str, namespace: str) -> str:
    """`inventory.shop`: a name without a namespace is of the caller's, who may be outside and have none."""
    name, _, rest = service.partition(".")
    return f"{name}.{rest.partition('.')[0] or namespace}".rstrip(".")
