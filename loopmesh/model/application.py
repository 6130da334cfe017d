"""What runs: services with versions, and the gateways at the edge. Read from a Helm values file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.identity import Identity
from loopmesh.model.problem import Origin

CLUSTER_DOMAIN = "cluster.local"


class Protocol(StrEnum):
    """Chosen by a port's name, as in Istio: `grpc`, `grpc-…`, `http2…` or `http…`."""

    GRPC = "grpc"
    HTTP2 = "http2"
    HTTP = "http"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of the application. Its service account has its name, as in the chart."""

    name: str
    namespace: str
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
    def identity(self) -> Identity:
        return Identity(namespace=self.namespace, service_account=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayWorkload:
    """Proxies without a program beside them, selected by gateway policies through `labels`."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    replicas: int
    origin: Origin

    @property
    def identity(self) -> Identity:
        return Identity(namespace=self.namespace, service_account=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Everything a values file says."""

    namespace: str
    services: tuple[Service, ...]
    gateways: tuple[GatewayWorkload, ...] = ()

    def service_at(self, host: str) -> Service | None:
        """The service with this fully qualified host name."""
        return next((service for service in self.services if service.host == host), None)
