"""The clusters a chain's connections go on to."""

from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.simulate.fraction import ALL
from loopmesh.simulate.proxy import unpack

Shares = tuple[tuple[str, float], ...]


def stream_shares(chain: FilterChain) -> Shares:
    """Names with their percentages; none for a chain that does not carry bytes on."""
    proxy = next((found for one in chain.filters if (found := unpack(one.typed_config, TcpProxy))), None)
    if proxy is None:
        return ()
    if proxy.cluster:
        return ((proxy.cluster, ALL),)
    total = sum(one.weight for one in proxy.weighted_clusters.clusters)
    return tuple((one.name, ALL * one.weight / total) for one in proxy.weighted_clusters.clusters if one.weight)
