"""How connections to a destination behave (Istio's DestinationRule)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.policy import Source


class LoadBalancing(StrEnum):
    LEAST_REQUEST = "LEAST_REQUEST"
    ROUND_ROBIN = "ROUND_ROBIN"
    RANDOM = "RANDOM"
    PASSTHROUGH = "PASSTHROUGH"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPool:
    """Limits of a breaker; None is Istio's default (no limit; 10 s to connect)."""

    max_connections: int | None = None
    connect_timeout_ms: int | None = None
    max_pending_requests: int | None = None
    max_requests: int | None = None
    max_requests_per_connection: int | None = None
    max_retries: int | None = None
    idle_timeout_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierDetection:
    """When an instance is taken out, and for how long; None is Istio's default, 0 errors switches a detector off."""

    consecutive_5xx_errors: int | None = None
    consecutive_gateway_errors: int | None = None
    interval_ms: int | None = None
    base_ejection_ms: int | None = None
    max_ejection_percent: int | None = None
    min_health_percent: int | None = None


class ClientTls(StrEnum):
    """How a caller's sidecar opens connections; without one it follows what the server's sidecar accepts."""

    DISABLE = "DISABLE"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPolicy:
    """What is None is inherited: subset from rule, rule from Istio's defaults."""

    load_balancing: LoadBalancing | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTls | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """The instances of the host that carry all `labels`."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    policy: TrafficPolicy = TrafficPolicy()
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRule:
    """Applies to `host`, fully qualified or a wildcard such as `*.shop.svc.cluster.local`."""

    source: Source
    host: str
    policy: TrafficPolicy = TrafficPolicy()
    subsets: tuple[Subset, ...] = ()
