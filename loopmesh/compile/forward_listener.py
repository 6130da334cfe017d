"""A loopback port into the mesh with a workload's identity, for clients that cannot set `:authority`."""

from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.compile.connection_manager import as_network_filter, connection_manager
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.outbound_routes import service_routes
from loopmesh.compile.routes.direct_response import allow_bodies
from loopmesh.compile.routes.filters import route_filters
from loopmesh.compile.sockets import loopback
from loopmesh.model.topology import Forward, Workload


def forward_listener(index: MeshIndex, workload: Workload, forward: Forward) -> Listener:
    """The same routes the workload has to the service, for every `:authority`, which is rewritten to the service's."""
    service = index.application.service_at(forward.host)
    if service is None:
        raise LookupError(forward.host)
    port = next(port for port in service.ports if port.number == forward.port)
    routes = service_routes(index, service, port, workload)
    for route in routes:
        if route.HasField("route") and not route.route.host_rewrite_literal:
            route.route.host_rewrite_literal = f"{service.name}:{port.number}"
    host = VirtualHost(name=f"{service.host}:{port.number}", domains=["*"], routes=routes)
    traced = index.topology.trace_port is not None
    manager = connection_manager(workload, "forward", traced=traced, filters=route_filters())
    manager.route_config.CopyFrom(RouteConfiguration(name="forward", virtual_hosts=[host]))
    manager.route_config.validate_clusters.value = False
    allow_bodies(manager.route_config)
    return Listener(
        name=f"forward|{forward.listen_port}",
        address=loopback(forward.listen_port, forward.listen_address),
        traffic_direction=OUTBOUND,
        filter_chains=[FilterChain(filters=[as_network_filter(manager)])],
    )
