"""The end of a chain for connections that are streams of bytes."""

from collections.abc import Iterable

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLog
from envoy.config.listener.v3.listener_components_pb2 import Filter
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.compile.messages import pack

NAME = "envoy.filters.network.tcp_proxy"


def tcp_proxy(prefix: str, cluster: str, logs: Iterable[AccessLog] = ()) -> Filter:
    """Carries a connection to one cluster."""
    return carrying(TcpProxy(stat_prefix=prefix, cluster=cluster), logs)


def carrying(proxy: TcpProxy, logs: Iterable[AccessLog]) -> Filter:
    proxy.access_log.extend(logs)
    return Filter(name=NAME, typed_config=pack(proxy))
