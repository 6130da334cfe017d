"""What the gateways open to the outside (Istio's Gateway)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.policy import Source
from loopmesh.model.server_tls import ServerTls, ServerTlsMode


class ServerKind(StrEnum):
    """What a server speaks: HTTP in all its versions, gRPC-Web besides, HTTP within TLS, other bytes within TLS, or
    bytes nobody looks at."""

    HTTP = "HTTP"
    GRPC_WEB = "GRPC-WEB"
    HTTPS = "HTTPS"
    TLS = "TLS"
    TCP = "TCP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One open port and the hosts (`*`, `shop.example.com`, `*.example.com`) it answers for.

    `name` is the port's. `redirects_to_https` sends every request to the same address with https.
    """

    port: int
    name: str
    kind: ServerKind
    hosts: tuple[str, ...]
    tls: ServerTls | None = None
    redirects_to_https: bool = False
    source: Source

    @property
    def is_http(self) -> bool:
        """Whether requests can be told apart at the edge."""
        return not self.passes_tls_on and self.kind not in (ServerKind.TLS, ServerKind.TCP)

    @property
    def passes_tls_on(self) -> bool:
        return self.tls is not None and self.tls.mode is ServerTlsMode.PASSTHROUGH

    @property
    def bare_hosts(self) -> tuple[str, ...]:
        """Without the namespaces before `/`."""
        return tuple(host.rpartition("/")[2] for host in self.hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Opens `servers` on every gateway workload that carries the labels, in any namespace as in Istio."""

    source: Source
    labels: Mapping[str, str] = field(default_factory=dict)
    servers: tuple[Server, ...]

    @property
    def name(self) -> str:
        """As routings name it: `namespace/name`."""
        return f"{self.source.policy.namespace}/{self.source.policy.name}"

    def selects(self, labels: Mapping[str, str]) -> bool:
        return self.labels.items() <= labels.items()
