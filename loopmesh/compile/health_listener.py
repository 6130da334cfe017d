"""A Unix socket on which the supervisor asks the program's health through the sidecar.

Past authorization and mutual TLS, as kubelet's probes are rewritten by Istio; it reaches nothing but the health check.
"""

from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_components_pb2 import RouteAction, RouteMatch, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.compile import names, sockets
from loopmesh.compile.connection_manager import as_network_filter, connection_manager
from loopmesh.compile.messages import duration
from loopmesh.compile.tcp_proxy import tcp_proxy
from loopmesh.model.application import Health, HealthKind
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.topology import Workload

GRPC_HEALTH = "/grpc.health.v1.Health/Check"


def health_listener(settings: MeshSettings, workload: Workload) -> Listener | None:
    """None for a workload that has no health check."""
    health = workload.health
    if health is None or health.kind is HealthKind.NONE or not workload.inbound:
        return None
    speaking = [inbound for inbound in workload.inbound if inbound.port.protocol.is_http]
    cluster = names.inbound_cluster((speaking or workload.inbound)[0].port.number)
    network = tcp_proxy("health", cluster) if health.kind is HealthKind.TCP else _http(settings, health, cluster)
    return Listener(name="health", address=sockets.pipe(sockets.HEALTH), filter_chains=[FilterChain(filters=[network])])


def _http(settings: MeshSettings, health: Health, cluster: str) -> Filter:
    path = GRPC_HEALTH if health.kind is HealthKind.GRPC else health.path
    route = EnvoyRoute(
        name="health", match=RouteMatch(path=path), route=RouteAction(cluster=cluster, timeout=duration(1_000))
    )
    manager = connection_manager(settings, "health")
    host = VirtualHost(name="health", domains=["*"], routes=[route])
    manager.route_config.CopyFrom(RouteConfiguration(name="health", virtual_hosts=[host]))
    return as_network_filter(manager)
