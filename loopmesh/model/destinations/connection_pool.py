"""The limits of a breaker, and how connections are kept."""

from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.policy import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpKeepalive:
    """None is the operating system's default."""

    probes: int | None = None
    time_s: int | None = None
    interval_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Http2Keepalive:
    """How often a connection is asked whether it lives, and how long an answer may take."""

    interval_ms: int
    timeout_ms: int


class Http2Upgrade(StrEnum):
    """Whether calls to a port that is not named for HTTP/2 are made over it; DEFAULT asks the mesh's settings."""

    DEFAULT = "DEFAULT"
    DO_NOT_UPGRADE = "DO_NOT_UPGRADE"
    UPGRADE = "UPGRADE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPool:
    """None is Istio's default: no limit, 10 s to connect, an hour idle for HTTP. `source` is where it was read."""

    max_connections: int | None = None
    connect_timeout_ms: int | None = None
    tcp_keepalive: TcpKeepalive | None = None
    max_connection_duration_ms: int | None = None
    tcp_idle_timeout_ms: int | None = None
    max_pending_requests: int | None = None
    max_requests: int | None = None
    max_requests_per_connection: int | None = None
    max_retries: int | None = None
    http_idle_timeout_ms: int | None = None
    http2_upgrade: Http2Upgrade = Http2Upgrade.DEFAULT
    use_client_protocol: bool = False
    max_concurrent_streams: int | None = None
    http2_keepalive: Http2Keepalive | None = None
    source: Source | None = field(default=None, compare=False)

    @property
    def idle_timeout_ms(self) -> int | None:
        """When a connection that carries no request is closed."""
        return self.tcp_idle_timeout_ms if self.http_idle_timeout_ms is None else self.http_idle_timeout_ms
