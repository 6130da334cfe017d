"""The server side of a sidecar: a loopback port per service port, mutual TLS, authorization, then the program."""

from envoy.config.core.v3.base_pb2 import INBOUND, TransportSocket
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain, FilterChainMatch, ListenerFilter
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import Decorator, RouteAction, RouteMatch, VirtualHost
from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2 import TlsInspector
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)

from loopmesh.compile import names
from loopmesh.compile.connection_manager import SERVER_NAME, as_network_filter, connection_manager
from loopmesh.compile.http_security import http_security
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.messages import duration, pack
from loopmesh.compile.network_rbac import network_rbac_filters
from loopmesh.compile.origin import name_rule
from loopmesh.compile.peer_mode import peer_decision
from loopmesh.compile.sockets import loopback
from loopmesh.compile.tcp_proxy import tcp_proxy
from loopmesh.compile.telemetry import access_logs, observe
from loopmesh.compile.tls import MESH_ALPN, downstream_tls
from loopmesh.model.application import Port, Protocol
from loopmesh.model.security import PeerMode
from loopmesh.model.telemetry import Side
from loopmesh.model.topology import Inbound, Workload


def inbound_listener(index: MeshIndex, workload: Workload, inbound: Inbound) -> Listener:
    """Accepts what the peer mode of the port says: mutual TLS only, both, or plaintext only."""
    number = inbound.port.number
    filters, tls = _filters(index, workload, inbound), downstream_tls(index.policies.settings)
    mode, source = peer_decision(index, workload, number)
    listener = Listener(name=f"inbound|{number}", address=loopback(inbound.listen_port), traffic_direction=INBOUND)
    if source is not None:
        name_rule(listener.metadata, source)
    if mode is not PeerMode.DISABLE:
        # Even where nothing but TLS is taken: rules on the server name of a connection see it only after inspection.
        inspector = ListenerFilter(name="envoy.filters.listener.tls_inspector", typed_config=pack(TlsInspector()))
        listener.listener_filters.append(inspector)
        # A server that speaks first is never told from TLS: Istio, too, waits for the client for ever.
        listener.listener_filters_timeout.CopyFrom(duration(0))
        listener.filter_chains.append(_secured(filters, tls, only_mesh=mode is PeerMode.PERMISSIVE))
    if mode is not PeerMode.STRICT:
        listener.filter_chains.append(_plain("plaintext", "raw_buffer", filters))
    if mode is PeerMode.PERMISSIVE and not inbound.port.protocol.is_http:
        # A client's own TLS is a stream of bytes like any other.
        listener.filter_chains.append(_plain("other-tls", "tls", filters))
    return listener


def _filters(index: MeshIndex, workload: Workload, inbound: Inbound) -> list[Filter]:
    if inbound.port.protocol.is_http:
        return [as_network_filter(_manager(index, workload, inbound))]
    number = inbound.port.number
    carried = tcp_proxy(f"inbound_{number}", names.inbound_cluster(number), access_logs(index, workload, Side.SERVER))
    return [*network_rbac_filters(index, workload, number), carried]


def _secured(filters: list[Filter], tls: TransportSocket, *, only_mesh: bool) -> FilterChain:
    match = FilterChainMatch(transport_protocol="tls", application_protocols=[MESH_ALPN] if only_mesh else [])
    return FilterChain(name="mtls", filter_chain_match=match, filters=filters, transport_socket=tls)


def _plain(name: str, transport: str, filters: list[Filter]) -> FilterChain:
    return FilterChain(name=name, filter_chain_match=FilterChainMatch(transport_protocol=transport), filters=filters)


def _manager(index: MeshIndex, workload: Workload, inbound: Inbound) -> HttpConnectionManager:
    number = inbound.port.number
    filters = http_security(index, workload, number)
    manager = connection_manager(index.policies.settings, f"inbound_{number}", filters)
    observe(index, workload, Side.SERVER, manager)
    manager.route_config.CopyFrom(_routes(workload, inbound.port))
    manager.server_name = SERVER_NAME
    manager.forward_client_cert_details = HttpConnectionManager.APPEND_FORWARD
    manager.set_current_client_cert_details.uri = True
    manager.set_current_client_cert_details.dns = True
    manager.set_current_client_cert_details.subject.value = True
    return manager


def _routes(workload: Workload, port: Port) -> RouteConfiguration:
    number = port.number
    action = RouteAction(cluster=names.inbound_cluster(number), timeout=duration(0), max_grpc_timeout=duration(0))
    if port.protocol is not Protocol.GRPC:
        # A kept connection that the program closed as the request came (Istio `BuildDefaultHTTPInboundRoute`).
        action.retry_policy.retry_on = "reset-before-request"
        action.retry_policy.num_retries.value = 2
    operation = f"{workload.host}:{number}/*"
    route = EnvoyRoute(
        name="default", match=RouteMatch(prefix="/"), route=action, decorator=Decorator(operation=operation)
    )
    host = VirtualHost(name=f"inbound|http|{number}", domains=["*"], routes=[route])
    # A patch may name a cluster that is not there, which fails the calls it takes and not the whole listener.
    return RouteConfiguration(
        name=names.inbound_cluster(number), virtual_hosts=[host], validate_clusters={"value": False}
    )
