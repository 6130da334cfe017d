"""What runs: services with versions, and the gateways at the edge. Read from a Helm values file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.identity import Identity
from loopmesh.model.problem import Origin

CLUSTER_DOMAIN = "cluster.local"


class Protocol(StrEnum):
    """What a port speaks; chosen by its name, as in Istio: `grpc`, `grpc-…`, `http…`, `tcp…`, `tls…` and so on."""

    GRPC = "grpc"
    HTTP2 = "http2"
    HTTP = "http"
    TCP = "tcp"
    TLS = "tls"
    """The program's own TLS: carried as it is, told apart by the server name of its handshake."""

    @property
    def is_http(self) -> bool:
        """Whether requests can be told apart; other protocols are a stream of bytes."""
        return self in (Protocol.GRPC, Protocol.HTTP2, Protocol.HTTP)

    @property
    def is_http2(self) -> bool:
        return self in (Protocol.GRPC, Protocol.HTTP2)


class Listen(StrEnum):
    """How the program accepts connections: the private Unix socket of the mesh, or a loopback TCP port."""

    UNIX = "unix"
    TCP = "tcp"


class HealthKind(StrEnum):
    """How readiness is asked for: `grpc.health.v1`, an HTTP GET, an accepted connection, or not at all."""

    GRPC = "grpc"
    HTTP = "http"
    TCP = "tcp"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`path` is set for HTTP only."""

    kind: HealthKind
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port of a service as its callers dial it."""

    name: str
    number: int
    protocol: Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a service; `command` and `env` are complete (service-wide values merged in)."""

    name: str
    replicas: int
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of its instances beside `app` and `version`, the service's own merged in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of the application. `name` is unique in its namespace only, `key` in the whole values file."""

    name: str
    namespace: str
    alias: str = ""
    """What the values file calls it where that is not its name."""
    service_account: str = ""
    """Empty for one of the service's own name, as in the chart."""
    ports: tuple[Port, ...]
    versions: tuple[Version, ...]
    listen: Listen = Listen.UNIX
    health: Health = Health(kind=HealthKind.GRPC)
    stateful: bool = False
    """Instances keep their names over restarts (StatefulSet on Kubernetes)."""
    origin: Origin

    @property
    def host(self) -> str:
        """The fully qualified name: `orders.shop.svc.cluster.local`."""
        return f"{self.name}.{self.namespace}.svc.{CLUSTER_DOMAIN}"

    @property
    def key(self) -> str:
        """What its workloads and its data are named after."""
        return self.alias or self.name

    @property
    def identity(self) -> Identity:
        return Identity(namespace=self.namespace, service_account=self.service_account or self.name)

    @property
    def program_port(self) -> int:
        """Where all its ports lead on Kubernetes, since its program listens at one there: the first by name."""
        return min(self.ports, key=lambda port: port.name).number

    @property
    def speaks_http(self) -> bool:
        """At one port at least; HTTP is what gRPC speaks, too."""
        return any(port.protocol.is_http for port in self.ports)

    def names_from(self, namespace: str) -> tuple[str, ...]:
        """Every spelling Kubernetes' DNS resolves to it for callers of a namespace, the full one first."""
        return (self.host, *short_names(self.host, namespace))

    def labels_of(self, version: Version) -> dict[str, str]:
        """What policies select its instances by, as its pods are labelled on Kubernetes."""
        return {"app": self.name, "version": version.name, **version.labels}


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayWorkload:
    """Proxies without a program beside them, selected by gateway policies through `labels`."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    replicas: int
    service_account: str = ""
    """Empty for one of the gateway's own name."""
    origin: Origin

    @property
    def identity(self) -> Identity:
        return Identity(namespace=self.namespace, service_account=self.service_account or self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Everything a values file says. `namespace` is the one of whatever names none."""

    namespace: str
    services: tuple[Service, ...]
    gateways: tuple[GatewayWorkload, ...] = ()

    @property
    def namespaces(self) -> frozenset[str]:
        """All in which something runs."""
        services = {service.namespace for service in self.services}
        return frozenset(services | {gateway.namespace for gateway in self.gateways})

    def service_of(self, namespace: str, name: str) -> Service | None:
        """The service of this name in a namespace."""
        found = (one for one in self.services if (one.namespace, one.name) == (namespace, name))
        return next(found, None)

    def service_at(self, host: str) -> Service | None:
        """The service with this fully qualified host name."""
        return next((service for service in self.services if service.host == host), None)


def short_names(host: str, namespace: str) -> tuple[str, ...]:
    """How callers of a namespace may shorten a name of the cluster's domain; no other name has a short one."""
    known = host.removesuffix(f".svc.{CLUSTER_DOMAIN}")
    name, dot, where = known.partition(".")
    if known == host or not dot:
        return ()
    return (*((name,) if where == namespace else ()), known, f"{known}.svc")
