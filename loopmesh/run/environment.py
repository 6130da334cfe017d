"""The environment variables a program and a proxy get.

Enters: the user's environment, the values file's, and where the mesh put things. Leaves: the contract of a service
(POD_NAME, LISTEN_ADDR, MESH_OUTBOUND, MESH_TCP_*, DATABASE_URL, OTEL_*) and the mesh's mark. Never: anything else about
the mesh.
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


def told_variables(
    workload: Workload, values: Mapping[str, str], sockets: WorkloadFolder, *, database: Path, receiver_port: int
) -> dict[str, str]:
    """What a program is told here and on Kubernetes alike, and so what `$(NAME)` may name: the mesh's addresses, its
    defaults where the values file has nothing of the name, then the values file's own.

    The order is that of a container's variables in the chart, for there each may name those before it.
    """
    addresses = _addresses(workload, sockets)
    defaults = _defaults(workload, database, receiver_port)
    known = {**addresses, **{name: value for name, value in defaults.items() if name not in values}}
    return {**known, **expand_variables(values, known)}


def program_environment(
    told: Mapping[str, str], workload: Workload, sockets: WorkloadFolder, inherited: Mapping[str, str]
) -> dict[str, str]:
    """What is inherited gives way to what the program is told, all to what is said on this machine only.

    The user's own OTLP addresses are not handed on: the mesh's receiver forwards to them.
    """
    user = {name: value for name, value in inherited.items() if not name.startswith(_RECEIVER_PREFIX)}
    # gRPC would send calls to loopback through the user's HTTP proxy.
    no_proxy = ",".join(filter(None, (inherited.get("no_proxy"), _LOCAL_HOSTS)))
    return {
        **user,
        "no_proxy": no_proxy,
        **told,
        "HOSTNAME": workload.name,
        "MESH_OUTBOUND": f"unix:{sockets.outbound}",
        **_mark(sockets),
    }


def proxy_environment(sockets: WorkloadFolder, inherited: Mapping[str, str]) -> dict[str, str]:
    """A proxy takes nothing from the user's environment but where programs are found."""
    return {name: inherited[name] for name in ("PATH",) if name in inherited} | _mark(sockets)


def _defaults(workload: Workload, database: Path, receiver_port: int) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{database}",
        "OTEL_SERVICE_NAME": workload.service,
        "OTEL_RESOURCE_ATTRIBUTES": f"service.version={workload.version},service.instance.id={workload.name}",
        "OTEL_PROPAGATORS": "tracecontext,baggage",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{LOOPBACK}:{receiver_port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    }


def _addresses(workload: Workload, sockets: WorkloadFolder) -> dict[str, str]:
    port = workload.application_port
    return {
        "POD_NAME": workload.name,
        "LISTEN_ADDR": application_target(workload, sockets),
        **({} if port is None else {"PORT": str(port)}),
        **{dialled.variable: f"{LOOPBACK}:{dialled.listen_port}" for dialled in workload.outbound},
    }


def _mark(sockets: WorkloadFolder) -> dict[str, str]:
    """By which a process is known as part of this mesh when it must not outlive it."""
    return {MARK: str(sockets.path.parent)}
