"""Calls of hosts that nobody has declared: refused, or sent on in plaintext (Istio `buildCatchAllVirtualHost`).

On a cluster a connection that is passed on goes to the address the program has looked up. Here the program has only
told its sidecar the name, so the sidecar looks it up.
"""

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.route.v3.route_components_pb2 import DirectResponseAction, Route, RouteAction, RouteMatch, VirtualHost

from loopmesh.compile import names
from loopmesh.compile.called_names import called_name_cluster
from loopmesh.compile.cluster import speak
from loopmesh.compile.destinations.breaker import apply_breaker
from loopmesh.compile.destinations.http_options import http_options
from loopmesh.compile.messages import duration
from loopmesh.model.application import Protocol
from loopmesh.model.destinations.connection_pool import ConnectionPool
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.outbound_policy import OutboundPolicy, UnknownHosts

BAD_GATEWAY = 502
IDLE_MS = 300_000
CLUSTERS = {
    UnknownHosts.PASSED_ON: "PassthroughCluster",
    UnknownHosts.LOOKED_UP: "AllowAnyDynamicDNSCluster",
}
NAMES = {
    UnknownHosts.REFUSED: "block_all",
    UnknownHosts.PASSED_ON: "allow_any",
    UnknownHosts.LOOKED_UP: "allow_any_dynamic_dns",
}


def unknown_hosts(policy: OutboundPolicy) -> VirtualHost:
    """The last of a sidecar's virtual hosts, which takes what no other does."""
    name = NAMES[policy.unknown_hosts]
    route = Route(name=name, match=RouteMatch(prefix="/"))
    if policy.unknown_hosts is UnknownHosts.REFUSED:
        body = DataSource(inline_string="no service of the mesh has this name and port\n")
        route.direct_response.CopyFrom(DirectResponseAction(status=BAD_GATEWAY, body=body))
        return VirtualHost(name=name, domains=["*"], routes=[route])
    route.route.CopyFrom(RouteAction(cluster=_destination(policy), timeout=duration(0), max_grpc_timeout=duration(0)))
    return VirtualHost(name=name, domains=["*"], routes=[route], include_request_attempt_count=True)


def unknown_host_clusters(policy: OutboundPolicy, settings: MeshSettings) -> dict[str, Cluster]:
    """Where such calls go, if no proxy of the mesh takes them (Istio `buildDefaultPassthroughCluster`,
    `buildAllowAnyDFPCluster`); only the mesh's own limits hold for them, and for those looked up not even these."""
    if not policy.looks_up_names:
        return {}
    name = CLUSTERS[policy.unknown_hosts]
    said = settings.traffic.connection_pool if policy.unknown_hosts is UnknownHosts.PASSED_ON else None
    cluster = called_name_cluster()
    cluster.name, cluster.alt_stat_name = name, names.in_statistics(name)
    apply_breaker(cluster, said or ConnectionPool(), settings)
    as_called = ConnectionPool(use_client_protocol=True, http_idle_timeout_ms=IDLE_MS)
    speak(cluster, http_options(Protocol.HTTP, as_called, None))
    return {name: cluster}


def _destination(policy: OutboundPolicy) -> str:
    if policy.proxy is None:
        return CLUSTERS[policy.unknown_hosts]
    return names.outbound_cluster(policy.proxy.port or 0, policy.proxy.subset or "", policy.proxy.host)
