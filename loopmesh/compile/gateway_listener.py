"""The edge: a loopback port per open port of the gateway policies, for REST, gRPC and browsers alike."""

from collections.abc import Iterator

from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.http.grpc_web.v3.grpc_web_pb2 import GrpcWeb
from envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2 import TlsInspector
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    Rds,
)

from loopmesh.compile.ads import ADS
from loopmesh.compile.connection_manager import SERVER_NAME, NamedFilter, as_network_filter, connection_manager
from loopmesh.compile.gateway_servers import OpenServer
from loopmesh.compile.gateway_streams import passed_on_chains, stream_chain
from loopmesh.compile.gateway_tls import server_tls
from loopmesh.compile.http_security import http_security
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.messages import duration, pack
from loopmesh.compile.routes.filters import route_filters
from loopmesh.compile.sockets import loopback
from loopmesh.compile.telemetry import observe
from loopmesh.compile.view import View
from loopmesh.model.edge import ServerKind
from loopmesh.model.telemetry import Side
from loopmesh.model.topology import Workload

TLS_INSPECTOR = "envoy.filters.listener.tls_inspector"
GRPC_WEB = "envoy.filters.http.grpc_web"
MAX_STREAMS = 100
STREAM_WINDOW_BYTES = 64 * 1024
CONNECTION_WINDOW_BYTES = 1024 * 1024
BUFFER_BYTES = 1024 * 1024
HEADERS_TIMEOUT_MS = 10_000
IDLE_TIMEOUT_MS = 3_600_000


def gateway_listener(view: View, workload: Workload, port: int, servers: list[OpenServer]) -> Listener | None:
    """None for a port without anything to do: no route takes its connections. Raises KeyError when the topology has no
    loopback port for it: placing is not done here."""
    listen_port = view.index.topology.edge_ports[workload.service, port]
    listener = Listener(name=f"gateway|{port}", address=loopback(listen_port), traffic_direction=OUTBOUND)
    listener.filter_chains.extend(_chains(view, workload, servers))
    if any(server.server.tls for server in servers):
        listener.listener_filters.add(name=TLS_INSPECTOR, typed_config=pack(TlsInspector()))
    listener.per_connection_buffer_limit_bytes.value = BUFFER_BYTES
    return listener if listener.filter_chains else None


def _chains(view: View, workload: Workload, servers: list[OpenServer]) -> Iterator[FilterChain]:
    """One for all servers of HTTP without TLS; else those of each, chosen by the name the client asks for."""
    first = servers[0].server
    if first.is_http and first.tls is None:
        yield FilterChain(filters=[as_network_filter(_manager(view.index, workload, servers[0]))])
        return
    taken: set[str] = set()
    for one in servers:
        if one.server.passes_tls_on:
            yield from passed_on_chains(view, workload, one, taken)
        elif chain := _ended_here(view, workload, one):
            yield chain


def _ended_here(view: View, workload: Workload, one: OpenServer) -> FilterChain | None:
    """Without a route for its connections a server that is not HTTP has no chain."""
    if one.server.is_http:
        chain = FilterChain(filters=[as_network_filter(_manager(view.index, workload, one))])
    elif (found := stream_chain(view, workload, one)) is None:
        return None
    else:
        chain = found
    if one.server.tls is not None:
        chain.transport_socket.CopyFrom(server_tls(one.server.tls))
        if "*" not in one.server.bare_hosts:
            chain.filter_chain_match.server_names.extend(sorted(set(one.server.bare_hosts)))
    return chain


def _manager(index: MeshIndex, workload: Workload, open_server: OpenServer) -> HttpConnectionManager:
    port = open_server.server.port
    filters = [
        *http_security(index, workload, port),
        *_web(open_server),
        *route_filters(),
    ]
    manager = connection_manager(index.policies.settings, f"gateway_{port}", filters)
    observe(index, workload, Side.CLIENT, manager)
    manager.rds.CopyFrom(Rds(config_source=ADS, route_config_name=open_server.routes))
    _tell_of_clients(manager)
    _harden(manager)
    return manager


def _web(open_server: OpenServer) -> list[NamedFilter]:
    """Browsers' gRPC, translated where the server says so."""
    if open_server.server.kind is not ServerKind.GRPC_WEB:
        return []
    return [NamedFilter(place=GRPC_WEB, name=GRPC_WEB, config=GrpcWeb())]


def _tell_of_clients(manager: HttpConnectionManager) -> None:
    """Programs learn who a client with a certificate is, from the edge and from nobody before it."""
    manager.server_name = SERVER_NAME
    manager.forward_client_cert_details = HttpConnectionManager.SANITIZE_SET
    details = manager.set_current_client_cert_details
    details.subject.value = True
    details.cert = details.dns = details.uri = True


def _harden(manager: HttpConnectionManager) -> None:
    """Envoy's own advice for proxies at the edge (docs, configuration best practices, level two)."""
    manager.use_remote_address.value = True
    manager.request_headers_timeout.CopyFrom(duration(HEADERS_TIMEOUT_MS))
    manager.common_http_protocol_options.idle_timeout.CopyFrom(duration(IDLE_TIMEOUT_MS))
    manager.http2_protocol_options.max_concurrent_streams.value = MAX_STREAMS
    manager.http2_protocol_options.initial_stream_window_size.value = STREAM_WINDOW_BYTES
    manager.http2_protocol_options.initial_connection_window_size.value = CONNECTION_WINDOW_BYTES
