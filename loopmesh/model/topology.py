"""What is placed where: the workloads of an application with the addresses they have on this machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.application import (
    CLUSTER_DOMAIN,
    Application,
    GatewayWorkload,
    Health,
    Listen,
    Port,
    Service,
    Version,
)
from loopmesh.model.identity import Identity

LOOPBACK = "127.0.0.1"


class WorkloadKind(StrEnum):
    """A sidecar stands beside a program; a gateway stands alone."""

    SIDECAR = "sidecar"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A service port of a workload and the loopback TCP port its sidecar accepts it on."""

    port: Port
    listen_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One proxy, and the program beside it when it is a sidecar.

    `application_port` is the loopback TCP port of a program that listens on TCP, None for a Unix socket.
    """

    name: str
    kind: WorkloadKind
    namespace: str
    service: str
    version: str
    labels: Mapping[str, str]
    inbound: tuple[Inbound, ...] = ()
    application_port: int | None = None
    health: Health | None = None

    @property
    def identity(self) -> Identity:
        """The service account has the name of the service or gateway."""
        return Identity(namespace=self.namespace, service_account=self.service)

    @property
    def node_id(self) -> str:
        """What its proxy calls itself to the control plane, in Istio's form."""
        role = "router" if self.kind is WorkloadKind.GATEWAY else "sidecar"
        return f"{role}~{LOOPBACK}~{self.name}.{self.namespace}~{self.namespace}.svc.{CLUSTER_DOMAIN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A loopback TCP port that reaches `host:port` with the identity of `workload`."""

    workload: str
    host: str
    port: int
    listen_address: str
    listen_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """All that the compiler must know about the running mesh.

    `ready` names the workloads that take traffic. `edge_ports` gives the loopback TCP port for each port
    number a gateway policy opens, by (gateway name, port number).
    """

    application: Application
    workloads: tuple[Workload, ...]
    ready: frozenset[str] = frozenset()
    edge_ports: Mapping[tuple[str, int], int] = field(default_factory=dict)
    forwards: tuple[Forward, ...] = ()
    trace_port: int | None = None
    """Loopback TCP port that takes spans by OTLP over gRPC; None switches tracing off."""


def place_service(
    service: Service,
    version: Version,
    index: int,
    allocate_port: Callable[[], int],
    allocate_program_port: Callable[[], int] | None = None,
) -> Workload:
    """One instance of a version: `inventory-v1-0`, labelled as its pod is on Kubernetes.

    A program's port may need other care than a proxy's; without `allocate_program_port` both come from the same place.
    """
    return Workload(
        name=f"{service.name}-{version.name}-{index}",
        kind=WorkloadKind.SIDECAR,
        namespace=service.namespace,
        service=service.name,
        version=version.name,
        labels={"app": service.name, "version": version.name},
        inbound=tuple(Inbound(port=port, listen_port=allocate_port()) for port in service.ports),
        application_port=(allocate_program_port or allocate_port)() if service.listen is Listen.TCP else None,
        health=service.health,
    )


def place_gateway(gateway: GatewayWorkload, index: int) -> Workload:
    """One replica of a gateway: `edge-0`."""
    return Workload(
        name=f"{gateway.name}-{index}",
        kind=WorkloadKind.GATEWAY,
        namespace=gateway.namespace,
        service=gateway.name,
        version="",
        labels=gateway.labels,
    )


def place(
    application: Application,
    allocate_port: Callable[[], int],
    allocate_program_port: Callable[[], int] | None = None,
) -> tuple[Workload, ...]:
    """Every replica of every version and gateway, in the order of the values file."""
    services = [
        place_service(service, version, index, allocate_port, allocate_program_port)
        for service in application.services
        for version in service.versions
        for index in range(version.replicas)
    ]
    gateways = [place_gateway(gateway, index) for gateway in application.gateways for index in range(gateway.replicas)]
    return (*services, *gateways)
