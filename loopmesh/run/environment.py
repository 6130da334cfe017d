"""The environment variables a program and a proxy get.

Enters: the user's environment, the values file's, and where the mesh put things. Leaves: the contract of a service
(LISTEN_ADDR, MESH_OUTBOUND, MESH_TCP_*, DATABASE_URL, OTEL_*) and the mesh's mark. Never: anything else about the mesh.
"""

from collections.abc import Mapping
from pathlib import Path

from loopmesh.model.topology import LOOPBACK, Workload
from loopmesh.run.expansion import expand_variables
from loopmesh.run.runtime_folder import WorkloadFolder
from loopmesh.run.sweep import MARK

_RECEIVER_PREFIX = "OTEL_EXPORTER_OTLP_"
_LOCAL_HOSTS = f"localhost,{LOOPBACK}"


def application_target(workload: Workload, sockets: WorkloadFolder) -> str:
    """The gRPC target a program listens on: its private Unix socket, or its loopback port."""
    if workload.application_port is None:
        return f"unix:{sockets.application}"
    return f"{LOOPBACK}:{workload.application_port}"


def program_environment(
    workload: Workload,
    values: Mapping[str, str],
    sockets: WorkloadFolder,
    *,
    database: Path,
    receiver_port: int,
    inherited: Mapping[str, str],
) -> dict[str, str]:
    """What is inherited gives way to the mesh's defaults, those to the values file, all to the mesh's addresses.

    The user's own OTLP addresses are not handed on: the mesh's receiver forwards to them.
    """
    user = {name: value for name, value in inherited.items() if not name.startswith(_RECEIVER_PREFIX)}
    addresses = _addresses(workload, sockets)
    return {
        **user,
        **_defaults(workload, database, receiver_port, inherited),
        **expand_variables(values, addresses),
        **addresses,
    }


def proxy_environment(sockets: WorkloadFolder, inherited: Mapping[str, str]) -> dict[str, str]:
    """A proxy takes nothing from the user's environment but where programs are found."""
    return {name: inherited[name] for name in ("PATH",) if name in inherited} | _mark(sockets)


def _defaults(workload: Workload, database: Path, receiver_port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    attributes = {"service.version": workload.version, "service.instance.id": workload.name}
    return {
        "DATABASE_URL": f"sqlite:///{database}",
        "OTEL_SERVICE_NAME": workload.service,
        "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{name}={value}" for name, value in attributes.items() if value),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{LOOPBACK}:{receiver_port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_PROPAGATORS": "tracecontext,baggage",
        # gRPC would send calls to loopback through the user's HTTP proxy.
        "no_proxy": ",".join(filter(None, (inherited.get("no_proxy"), _LOCAL_HOSTS))),
    }


def _addresses(workload: Workload, sockets: WorkloadFolder) -> dict[str, str]:
    addresses = {
        "HOSTNAME": workload.name,
        "LISTEN_ADDR": application_target(workload, sockets),
        "MESH_OUTBOUND": f"unix:{sockets.outbound}",
        **{dialled.variable: f"{LOOPBACK}:{dialled.listen_port}" for dialled in workload.outbound},
        **_mark(sockets),
    }
    if workload.application_port is not None:
        addresses["PORT"] = str(workload.application_port)
    return addresses


def _mark(sockets: WorkloadFolder) -> dict[str, str]:
    """By which a process is known as part of this mesh when it must not outlive it."""
    return {MARK: str(sockets.path.parent)}
