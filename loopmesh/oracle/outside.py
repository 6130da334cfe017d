"""Hosts outside the mesh whose addresses Istio takes from the connection, which nobody redirects here.

On a cluster the program has looked the name up and its sidecar connects where it was going. Here the sidecar looks up
the same name: the host's, or where only a pattern or nothing at all is known, the one that is called.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.health_check_pb2 import HEALTHY
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.clusters.dynamic_forward_proxy.v3.cluster_pb2 import ClusterConfig
from envoy.extensions.common.dynamic_forward_proxy.v3.dns_cache_pb2 import DnsCacheConfig
from envoy.extensions.filters.http.dynamic_forward_proxy.v3.dynamic_forward_proxy_pb2 import FilterConfig
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    HttpFilter,
)
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.oracle.addresses import tcp
from loopmesh.oracle.connection_managers import change_managers

PASSED_ON = "PassthroughCluster"
LOOKED_UP = "AllowAnyDynamicDNSCluster"
REFUSED = "BlackHoleCluster"
VIRTUAL_OUTBOUND = "virtualOutbound"
ROUTER = "envoy.filters.http.router"
FILTER = "envoy.filters.http.dynamic_forward_proxy"
OUTBOUND = re.compile(r"outbound\|(?P<port>\d+)\|[^|]*\|(?P<host>.+)")
CACHE = DnsCacheConfig(name="called_names", dns_lookup_family=Cluster.V4_ONLY)


def unknown_hosts_cluster(listeners: Iterable[Listener]) -> str:
    """Where connections go that no listener is for; empty for a gateway, which has none."""
    proxy = TcpProxy()
    for listener in listeners:
        if listener.name == VIRTUAL_OUTBOUND:
            for one in listener.filter_chains[-1].filters:
                if one.typed_config.Unpack(proxy):
                    return str(proxy.cluster)
    return ""


def look_up_name(cluster: Cluster) -> bool:
    """As Istio does for hosts with `resolution: DNS` (`ClusterBuilder.buildCluster`). Whether it is the called name."""
    found = OUTBOUND.fullmatch(cluster.name)
    if cluster.type != Cluster.ORIGINAL_DST or not (found or cluster.name == PASSED_ON):
        return False
    target_port = cluster.original_dst_lb_config.upstream_port_override.value
    cluster.ClearField("original_dst_lb_config")
    if found is None or found["host"].startswith("*"):
        _look_up_called_name(cluster)
        return True
    cluster.type = Cluster.STRICT_DNS
    cluster.lb_policy = Cluster.LEAST_REQUEST
    cluster.dns_lookup_family = Cluster.V4_ONLY
    cluster.dns_refresh_rate.FromTimedelta(timedelta(seconds=60))
    cluster.dns_jitter.FromTimedelta(timedelta(milliseconds=100))
    cluster.respect_dns_ttl = True
    cluster.load_assignment.cluster_name = cluster.name
    locality = cluster.load_assignment.endpoints.add()
    locality.load_balancing_weight.value = 1
    endpoint = locality.lb_endpoints.add(health_status=HEALTHY)
    endpoint.load_balancing_weight.value = 1
    endpoint.endpoint.address.CopyFrom(tcp(found["host"], target_port or int(found["port"])))
    return False


def look_up_called_names(listener: Listener) -> None:
    """Before its requests are routed; those to other clusters pass the filter."""
    change_managers(listener.filter_chains, _add_filter)


def _add_filter(manager: HttpConnectionManager) -> None:
    """Before the router, unless Istio has put one in."""
    names = [known.name for known in manager.http_filters]
    if FILTER not in names and ROUTER in names:
        found = HttpFilter(name=FILTER)
        found.typed_config.Pack(FilterConfig(dns_cache_config=CACHE))
        manager.http_filters.insert(names.index(ROUTER), found)


def _look_up_called_name(cluster: Cluster) -> None:
    config: Any = Cluster.CustomClusterType(name="envoy.clusters.dynamic_forward_proxy")
    config.typed_config.Pack(ClusterConfig(dns_cache_config=CACHE, allow_insecure_cluster_options=True))
    cluster.cluster_type.CopyFrom(config)
    cluster.lb_policy = Cluster.CLUSTER_PROVIDED
