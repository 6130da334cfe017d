"""connectionPool: the limits of a breaker, and how connections are kept."""

from typing import TypedDict

from loopmesh.model.destinations.connection_pool import ConnectionPool, Http2Keepalive, Http2Upgrade, TcpKeepalive
from loopmesh.model.policy import Source
from loopmesh.policies.destinations.limit import read_limit
from loopmesh.policies.fields import Fields

MOST_PROBES = 127
MOST_SECONDS = 32767
"""Linux refuses more (`MAX_TCP_KEEPCNT`, `MAX_TCP_KEEPIDLE`), and then no connection comes about."""
MS_OF_S = 1000


class _Tcp(TypedDict, total=False):
    max_connections: int | None
    connect_timeout_ms: int | None
    tcp_keepalive: TcpKeepalive | None
    max_connection_duration_ms: int | None
    tcp_idle_timeout_ms: int | None


class _Http(TypedDict, total=False):
    max_pending_requests: int | None
    max_requests: int | None
    max_requests_per_connection: int | None
    max_retries: int | None
    http_idle_timeout_ms: int | None
    http2_upgrade: Http2Upgrade
    use_client_protocol: bool
    max_concurrent_streams: int | None
    http2_keepalive: Http2Keepalive | None


def read_connection_pool(source: Source, fields: Fields) -> ConnectionPool:
    if not (fields.has("tcp") or fields.has("http")):
        fields.refuse(None, "`tcp` or `http` is required", "add one of them, or remove it")
    tcp = fields.object("tcp", _tcp) or _Tcp()
    http = fields.object("http", _http) or _Http()
    return ConnectionPool(**tcp, **http, source=source.at(fields.origin, fields.path))


def _tcp(fields: Fields) -> _Tcp:
    return _Tcp(
        max_connections=read_limit(fields, "maxConnections"),
        connect_timeout_ms=fields.duration_ms("connectTimeout"),
        tcp_keepalive=fields.object("tcpKeepalive", read_tcp_keepalive),
        max_connection_duration_ms=fields.duration_ms("maxConnectionDuration"),
        tcp_idle_timeout_ms=fields.duration_ms("idleTimeout", may_be_zero=True),
    )


def read_tcp_keepalive(fields: Fields) -> TcpKeepalive:
    return TcpKeepalive(
        probes=read_limit(fields, "probes", most=MOST_PROBES),
        time_s=_whole_seconds(fields, "time"),
        interval_s=_whole_seconds(fields, "interval"),
    )


def _whole_seconds(fields: Fields, key: str) -> int | None:
    """The operating system counts in seconds; of a fraction Istio keeps nothing."""
    value = fields.duration_ms(key)
    if value is None:
        return None
    if value % MS_OF_S or value > MOST_SECONDS * MS_OF_S:
        fields.refuse(key, f"keepalive counts in whole seconds, up to {MOST_SECONDS}", "write such a number of seconds")
    return value // MS_OF_S


def _http(fields: Fields) -> _Http:
    upgrade = fields.choice("h2UpgradePolicy", Http2Upgrade) or Http2Upgrade.DEFAULT
    use_client_protocol = bool(fields.boolean("useClientProtocol"))
    if use_client_protocol and upgrade is Http2Upgrade.UPGRADE:
        fields.refuse("useClientProtocol", "`h2UpgradePolicy` is UPGRADE", "keep one of the two")
    return _Http(
        max_pending_requests=read_limit(fields, "http1MaxPendingRequests"),
        max_requests=read_limit(fields, "http2MaxRequests"),
        max_requests_per_connection=read_limit(fields, "maxRequestsPerConnection"),
        max_retries=read_limit(fields, "maxRetries"),
        http_idle_timeout_ms=fields.duration_ms("idleTimeout"),
        http2_upgrade=upgrade,
        use_client_protocol=use_client_protocol,
        max_concurrent_streams=read_limit(fields, "maxConcurrentStreams"),
        http2_keepalive=fields.object("http2KeepAlive", _http2_keepalive),
    )


def _http2_keepalive(fields: Fields) -> Http2Keepalive:
    for key in ("interval", "timeout"):
        if not fields.has(key):
            fields.refuse(None, f"`{key}` is required", f"add `{key}`")
    return Http2Keepalive(
        interval_ms=fields.duration_ms("interval") or 0, timeout_ms=fields.duration_ms("timeout") or 0
    )
