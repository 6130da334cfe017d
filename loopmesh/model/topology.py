"""What is placed where: the workloads of an application with the addresses they have on this machine."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.added_host import AddedHost, Called
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
from loopmesh.model.credential import Credential
from loopmesh.model.identity import Identity
from loopmesh.model.problem import Origin
from loopmesh.model.token import KeySource

LOOPBACK = "127.0.0.1"
ISTIO_VERSION = "1.31.0"
"""The Istio whose meaning policies have here; every proxy counts as one of it."""
CLUSTER_ID = "Kubernetes"
"""What Istio calls the only cluster of a mesh."""
Streams = tuple[tuple[Called, Port], ...]
NO_LETTER_OR_DIGIT = re.compile(r"[^A-Z0-9]")


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
class Outbound:
    """A TCP port of a host, and the loopback TCP port on which a sidecar takes its program's connections to it.

    The program finds `127.0.0.1:<listen_port>` in the environment variable `variable`.
    """

    host: str
    port: int
    listen_port: int
    variable: str


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
    service_account: str = ""
    """Empty for one with the name of the service or gateway."""
    inbound: tuple[Inbound, ...] = ()
    outbound: tuple[Outbound, ...] = ()
    """What its program can dial by TCP; other protocols leave through one socket."""
    application_port: int | None = None
    health: Health | None = None
    origin: Origin | None = None
    """Where the values speak of its service; None where nobody wrote it."""

    @property
    def host(self) -> str:
        """What its service is called by, fully qualified."""
        return f"{self.service}.{self.namespace}.svc.{CLUSTER_DOMAIN}"

    @property
    def identity(self) -> Identity:
        return Identity(namespace=self.namespace, service_account=self.service_account or self.service)

    def metadata(self, trust_domain: str) -> Mapping[str, str]:
        """What its proxy would tell Istio's control plane of itself, as far as that does not hang on the cluster."""
        return {
            "NAMESPACE": self.namespace,
            "SERVICE_ACCOUNT": self.identity.service_account,
            "CLUSTER_ID": CLUSTER_ID,
            # As Istio's injection names the mesh.
            "MESH_ID": trust_domain,
            "ISTIO_VERSION": ISTIO_VERSION,
        }

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
    number a gateway policy opens, by (gateway name, port number). `credentials` are what the edge may show.
    """

    application: Application
    workloads: tuple[Workload, ...]
    ready: frozenset[str] = frozenset()
    edge_ports: Mapping[tuple[str, int], int] = field(default_factory=dict)
    forwards: tuple[Forward, ...] = ()
    credentials: tuple[Credential, ...] = ()
    trace_port: int | None = None
    """Loopback TCP port that takes spans by OTLP over gRPC; None switches tracing off."""
    key_sets: Mapping[KeySource, str] = field(default_factory=dict)
    """The JSON Web Key Sets fetched so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where free loopback TCP ports come from. A program's port may need other care than a proxy's."""

    proxy: Callable[[], int]
    program: Callable[[], int]


def place_service(
    application: Application,
    service: Service,
    version: Version,
    index: int,
    ports: Ports,
    added: tuple[AddedHost, ...] = (),
) -> Workload:
    """One instance of a version: `inventory-v1-0`, labelled as its pod is on Kubernetes; it can dial `added`, too."""
    return _instance(service, version, index, ports, _streams(application, added))


def _instance(service: Service, version: Version, index: int, ports: Ports, streams: Streams) -> Workload:
    return Workload(
        name=f"{service.key}-{version.name}-{index}",
        kind=WorkloadKind.SIDECAR,
        namespace=service.namespace,
        service=service.name,
        version=version.name,
        labels=service.labels_of(version),
        service_account=service.identity.service_account,
        inbound=tuple(Inbound(port=port, listen_port=ports.proxy()) for port in service.ports),
        outbound=tuple(
            Outbound(
                host=called.host,
                port=port.number,
                listen_port=ports.proxy(),
                variable=dial_variable(called, port, service.namespace),
            )
            for called, port in streams
        ),
        application_port=ports.program() if service.listen is Listen.TCP else None,
        health=service.health,
        origin=service.origin,
    )


def _streams(application: Application, added: tuple[AddedHost, ...]) -> Streams:
    """The ports that are dialled one by one, because they speak no HTTP."""
    called: tuple[Called, ...] = (*application.services, *added)
    return tuple((one, port) for one in called for port in one.ports if not port.protocol.is_http)


def dial_variable(called: Called, port: Port, namespace: str) -> str:
    """`MESH_TCP_NATS_4222` for programs of the service's namespace, `MESH_TCP_NATS_EVENTS_4222` for others; a host a
    policy has added, which has no short name, is `MESH_TCP_API_EXAMPLE_COM_443` for all."""
    short = isinstance(called, AddedHost) or called.namespace == namespace
    name = called.name if short else f"{called.name}.{called.namespace}"
    return f"MESH_TCP_{NO_LETTER_OR_DIGIT.sub('_', name.upper())}_{port.number}"


def place_gateway(gateway: GatewayWorkload, index: int) -> Workload:
    """One replica of a gateway: `edge-0`."""
    return Workload(
        name=f"{gateway.name}-{index}",
        kind=WorkloadKind.GATEWAY,
        namespace=gateway.namespace,
        service=gateway.name,
        version="",
        labels=gateway.labels,
        service_account=gateway.identity.service_account,
    )


def place(application: Application, ports: Ports, added: tuple[AddedHost, ...] = ()) -> tuple[Workload, ...]:
    """Every replica of every version and gateway, in the order of the values file; `added` can be dialled, too."""
    streams = _streams(application, added)
    services = [
        _instance(service, version, index, ports, streams)
        for service in application.services
        for version in service.versions
        for index in range(version.replicas)
    ]
    gateways = [place_gateway(gateway, index) for gateway in application.gateways for index in range(gateway.replicas)]
    return (*services, *gateways)
