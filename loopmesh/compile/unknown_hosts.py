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
from loopmesh.compile.origin import name_setting
from loopmesh.model.application import Protocol
from loopmesh.model.destinations.connection_pool import ConnectionPool
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.outbound_policy import OutboundPolicy, UnknownHosts
from loopmesh.model.setting import Setting

BAD_GATEWAY = 502
NOWHERE = "BlackHoleCluster"
"""No cluster is called so: what is sent there is closed."""
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
    if policy.unknown_hosts is not UnknownHosts.REFUSED:
        return passing_on(policy, name, ["*"], _proxy(policy) or CLUSTERS[policy.unknown_hosts])
    body = DataSource(inline_string="no service of the mesh has this name and port\n")
    route = Route(name=name, match=RouteMatch(prefix="/"))
    route.direct_response.CopyFrom(DirectResponseAction(status=BAD_GATEWAY, body=body))
    if policy.source is not None:
        name_setting(route.metadata, Setting.UNKNOWN_HOSTS, policy.source)
    return VirtualHost(name=name, domains=["*"], routes=[route])


def passing_on(policy: OutboundPolicy, name: str, domains: list[str], cluster: str) -> VirtualHost:
    """Sends requests to the cluster, without a retry or timeout."""
    route = Route(name=NAMES[policy.unknown_hosts], match=RouteMatch(prefix="/"))
    route.route.CopyFrom(RouteAction(cluster=cluster, timeout=duration(0), max_grpc_timeout=duration(0)))
    return VirtualHost(name=name, domains=domains, routes=[route], include_request_attempt_count=True)


def unknown_stream_cluster(policy: OutboundPolicy, port: int, host: str) -> str:
    """Where a connection to a port goes that nothing else takes (Istio `buildOutboundCatchAllNetworkFiltersOnly`)."""
    if policy.unknown_hosts is UnknownHosts.REFUSED:
        return NOWHERE
    return _proxy(policy) or names.passed_on_cluster(port, host)


def unknown_host_clusters(policy: OutboundPolicy, settings: MeshSettings) -> dict[str, Cluster]:
    """Where such calls go, if no proxy of the mesh takes them; those looked up have no limits (Istio
    `buildAllowAnyDFPCluster`)."""
    if not policy.looks_up_names:
        return {}
    cluster = called_name_cluster()
    cluster.name = CLUSTERS[policy.unknown_hosts]
    shape_passed_on(cluster, settings, limited=policy.unknown_hosts is UnknownHosts.PASSED_ON)
    return {cluster.name: cluster}


def shape_passed_on(cluster: Cluster, settings: MeshSettings, *, limited: bool) -> None:
    """Only the mesh's own limits hold for what is passed on, which is sent as it came (Istio
    `buildDefaultPassthroughCluster`)."""
    cluster.alt_stat_name = names.in_statistics(cluster.name)
    said = settings.traffic.connection_pool if limited else None
    apply_breaker(cluster, said or ConnectionPool(), settings)
    as_called = ConnectionPool(use_client_protocol=True, http_idle_timeout_ms=IDLE_MS)
    speak(cluster, http_options(Protocol.HTTP, as_called, None))


def _proxy(policy: OutboundPolicy) -> str | None:
    if policy.proxy is None:
        return None
    return names.outbound_cluster(policy.proxy.port or 0, policy.proxy.subset or "", policy.proxy.host)
