"""A loopback port into the mesh with a workload's identity, for clients that cannot set `:authority`."""

from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.compile.connection_manager import as_network_filter, connection_manager
from loopmesh.compile.outbound_listener import outbound_filters
from loopmesh.compile.outbound_routes import hidden_host, service_routes
from loopmesh.compile.routes.direct_response import allow_bodies
from loopmesh.compile.sockets import loopback
from loopmesh.compile.tcp_listener import tcp_listener
from loopmesh.compile.telemetry import observe
from loopmesh.compile.view import View
from loopmesh.model.added_host import AddedHost, Called
from loopmesh.model.application import Port
from loopmesh.model.telemetry import Side
from loopmesh.model.topology import Forward, Workload


def forward_listener(view: View, workload: Workload, forward: Forward) -> Listener | None:
    """The same way to the service that the workload's program has; None when policies have taken it away meanwhile."""
    service = view.called_at(forward.host)
    port = next((one for one in service.ports if one.number == forward.port), None) if service else None
    if service is None or port is None:
        return None
    name = f"forward|{forward.port}|{forward.listen_port}|{forward.host}"
    if not port.protocol.is_http:
        return tcp_listener(view, workload, service, port, name, forward.listen_port, forward.listen_address)
    return Listener(
        name=name,
        address=loopback(forward.listen_port, forward.listen_address),
        traffic_direction=OUTBOUND,
        filter_chains=[FilterChain(filters=[_manager(view, workload, service, port)])],
    )


def _manager(view: View, workload: Workload, service: Called, port: Port) -> Filter:
    """The routes of the service take every `:authority`, which is rewritten to the service's."""
    host = _host(view, service, port)
    for route in host.routes:
        if route.HasField("route") and not route.route.host_rewrite_literal:
            route.route.host_rewrite_literal = f"{_dialled_name(service, view.namespace)}:{port.number}"
    manager = connection_manager(view.index.policies.settings, "forward", outbound_filters(view))
    observe(view.index, workload, Side.CLIENT, manager)
    manager.route_config.CopyFrom(
        RouteConfiguration(name="forward", virtual_hosts=[host], validate_clusters={"value": False})
    )
    manager.route_config.validate_clusters.value = False
    allow_bodies(manager.route_config)
    return as_network_filter(manager)


def _host(view: View, service: Called, port: Port) -> VirtualHost:
    if view.is_hidden(service):
        return hidden_host(view, service, port, ["*"])
    return VirtualHost(name=f"{service.host}:{port.number}", domains=["*"], routes=service_routes(view, service, port))


def _dialled_name(service: Called, namespace: str) -> str:
    """What a program of the namespace would write."""
    is_short = isinstance(service, AddedHost) or service.namespace == namespace
    return service.name if is_short else f"{service.name}.{service.namespace}"
