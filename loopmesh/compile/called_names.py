"""Hosts of which only a pattern is known: each is looked up when it is called."""

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.extensions.clusters.dynamic_forward_proxy.v3.cluster_pb2 import ClusterConfig
from envoy.extensions.common.dynamic_forward_proxy.v3.dns_cache_pb2 import DnsCacheConfig
from envoy.extensions.filters.http.dynamic_forward_proxy.v3.dynamic_forward_proxy_pb2 import FilterConfig

from loopmesh.compile.connection_manager import NamedFilter
from loopmesh.compile.messages import pack

FILTER = "envoy.filters.http.dynamic_forward_proxy"
CACHE = DnsCacheConfig(name="called_names", dns_lookup_family=Cluster.V4_ONLY)
"""Filter and clusters must say the same of it to share it."""


def called_name_cluster() -> Cluster:
    """What makes a cluster one of them."""
    config = ClusterConfig(dns_cache_config=CACHE, allow_insecure_cluster_options=True)
    kind = Cluster.CustomClusterType(name="envoy.clusters.dynamic_forward_proxy", typed_config=pack(config))
    return Cluster(lb_policy=Cluster.CLUSTER_PROVIDED, cluster_type=kind)


def called_name_filter() -> NamedFilter:
    """Looks the name up before the router needs its address; requests to other clusters pass it."""
    return NamedFilter(place=FILTER, name=FILTER, config=FilterConfig(dns_cache_config=CACHE))
