"""What the gateways open to the outside (Istio's Gateway) and the filters put into them (EnvoyFilter)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loopmesh.model.application import Protocol
from loopmesh.model.policy import Source, WorkloadSelector


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One open port and the hosts (`*`, `shop.example.com`, `*.example.com`) it answers for."""

    port: int
    name: str
    protocol: Protocol
    hosts: tuple[str, ...]
    source: Source


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


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayFilter:
    """An HTTP filter put before the router of the selected gateways; `config` is the message of type `type_url`,
    serialised after it was checked against its type."""

    source: Source
    selector: WorkloadSelector
    name: str
    type_url: str
    config: bytes
