"""Hosts outside the mesh whose addresses Istio takes from the connection, which nobody redirects here.

On a cluster the program has looked the name up and its sidecar connects where it was going. Here the sidecar looks up
the same name.
"""

from datetime import timedelta

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.health_check_pb2 import HEALTHY

from loopmesh.oracle.addresses import tcp


def look_up_name(cluster: Cluster) -> None:
    """As Istio does for hosts with `resolution: DNS` (`ClusterBuilder.buildCluster`). Patterns have no name."""
    direction, _, rest = cluster.name.partition("|")
    port, _, host = rest.replace("||", "|").partition("|")
    if direction != "outbound" or cluster.type != Cluster.ORIGINAL_DST or host.startswith("*"):
        return
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
    endpoint.endpoint.address.CopyFrom(tcp(host, int(port)))
