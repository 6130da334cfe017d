"""The end of a chain for connections that are streams of bytes."""

from envoy.config.listener.v3.listener_components_pb2 import Filter
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.compile.access_log import access_log
from loopmesh.compile.messages import pack

NAME = "envoy.filters.network.tcp_proxy"


def tcp_proxy(prefix: str, cluster: str, *, logged: bool) -> Filter:
    """Carries a connection to one cluster."""
    proxy = TcpProxy(stat_prefix=prefix, cluster=cluster)
    if logged:
        proxy.access_log.append(access_log())
    return Filter(name=NAME, typed_config=pack(proxy))
