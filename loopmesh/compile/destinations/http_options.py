"""Which HTTP a proxy speaks to a destination, and for how long on one connection (Istio `applyConnectionPool`)."""

from envoy.config.core.v3.protocol_pb2 import Http1ProtocolOptions, Http2ProtocolOptions, UpstreamHttpProtocolOptions
from envoy.config.core.v3.protocol_pb2 import HttpProtocolOptions as ConnectionOptions
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions

from loopmesh.compile.messages import duration
from loopmesh.model.application import Protocol
from loopmesh.model.destinations.connection_pool import ConnectionPool, Http2Upgrade

NAME = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
PLAIN_HTTP = HttpProtocolOptions(explicit_http_config={"http_protocol_options": Http1ProtocolOptions()})
"""HTTP/1.1 of which nothing is said."""


def is_http2(protocol: Protocol, pool: ConnectionPool) -> bool:
    """Whether the destination is spoken to in HTTP/2 only; a policy may wish so for a port of any name."""
    return not pool.use_client_protocol and (protocol.is_http2 or pool.http2_upgrade is Http2Upgrade.UPGRADE)


def http_options(
    protocol: Protocol, pool: ConnectionPool, verification: UpstreamHttpProtocolOptions | None
) -> HttpProtocolOptions | None:
    """None for a stream of bytes of which nothing is said."""
    options = HttpProtocolOptions()
    connection = _connection(pool)
    if connection is not None:
        options.common_http_protocol_options.CopyFrom(connection)
    if verification is not None:
        options.upstream_http_protocol_options.CopyFrom(verification)
    says_version = pool.use_client_protocol or pool.http2_upgrade is Http2Upgrade.UPGRADE
    if not (protocol.is_http or says_version or options.ByteSize()):
        return None
    _choose_version(options, protocol, pool)
    return options


def _connection(pool: ConnectionPool) -> ConnectionOptions | None:
    options = ConnectionOptions()
    if pool.idle_timeout_ms is not None:
        options.idle_timeout.CopyFrom(duration(pool.idle_timeout_ms))
    if pool.max_requests_per_connection:
        options.max_requests_per_connection.value = pool.max_requests_per_connection
    if pool.max_connection_duration_ms is not None:
        options.max_connection_duration.CopyFrom(duration(pool.max_connection_duration_ms))
    return options if options.ByteSize() else None


def _choose_version(options: HttpProtocolOptions, protocol: Protocol, pool: ConnectionPool) -> None:
    http2 = _http2(pool)
    if pool.use_client_protocol:
        options.use_downstream_protocol_config.http_protocol_options.CopyFrom(Http1ProtocolOptions())
        options.use_downstream_protocol_config.http2_protocol_options.CopyFrom(http2)
    elif is_http2(protocol, pool):
        options.explicit_http_config.http2_protocol_options.CopyFrom(http2)
    else:
        options.explicit_http_config.http_protocol_options.CopyFrom(Http1ProtocolOptions())


def _http2(pool: ConnectionPool) -> Http2ProtocolOptions:
    options = Http2ProtocolOptions()
    if pool.max_concurrent_streams:
        options.max_concurrent_streams.value = pool.max_concurrent_streams
    if pool.http2_keepalive is not None:
        options.connection_keepalive.interval.CopyFrom(duration(pool.http2_keepalive.interval_ms))
        options.connection_keepalive.timeout.CopyFrom(duration(pool.http2_keepalive.timeout_ms))
    return options
