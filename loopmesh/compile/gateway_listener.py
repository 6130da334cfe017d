"""The edge: a loopback port per open port of the gateway policies, for REST, gRPC and browsers alike."""

from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.core.v3.protocol_pb2 import HttpProtocolOptions
from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    Rds,
)
from google.protobuf.any_pb2 import Any

from loopmesh.compile import names
from loopmesh.compile.cluster import ADS
from loopmesh.compile.connection_manager import NamedFilter, as_network_filter, connection_manager
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.messages import duration
from loopmesh.compile.rbac import rbac_filters
from loopmesh.compile.routes.filters import route_filters
from loopmesh.compile.sockets import loopback
from loopmesh.compile.telemetry import observe
from loopmesh.model.topology import Workload

MAX_STREAMS = 100
STREAM_WINDOW_BYTES = 64 * 1024
CONNECTION_WINDOW_BYTES = 1024 * 1024
BUFFER_BYTES = 1024 * 1024
HEADERS_TIMEOUT_MS = 10_000
IDLE_TIMEOUT_MS = 3_600_000


def gateway_listener(index: MeshIndex, workload: Workload, port: int) -> Listener:
    """Raises KeyError when the topology has no loopback port for it: placing is not done here."""
    listen_port = index.topology.edge_ports[workload.service, port]
    listener = Listener(
        name=f"gateway|{port}",
        address=loopback(listen_port),
        traffic_direction=OUTBOUND,
        filter_chains=[FilterChain(filters=[as_network_filter(_manager(index, workload, port))])],
    )
    listener.per_connection_buffer_limit_bytes.value = BUFFER_BYTES
    return listener


def _manager(index: MeshIndex, workload: Workload, port: int) -> HttpConnectionManager:
    rules = [
        NamedFilter(place="envoy.filters.http.rbac", name="envoy.filters.http.rbac", config=rbac)
        for rbac in rbac_filters(index.policies, workload, port)
    ]
    filters = [*rules, *route_filters(), *_extensions(index, workload)]
    manager = connection_manager(index.policies.settings, f"gateway_{port}", filters)
    observe(index, workload, manager)
    manager.rds.CopyFrom(Rds(config_source=ADS, route_config_name=names.gateway_routes(port)))
    manager.forward_client_cert_details = HttpConnectionManager.SANITIZE_SET
    _harden(manager)
    return manager


def _harden(manager: HttpConnectionManager) -> None:
    """Envoy's own advice for proxies at the edge (docs, configuration best practices, level two)."""
    manager.use_remote_address.value = True
    manager.request_headers_timeout.CopyFrom(duration(HEADERS_TIMEOUT_MS))
    manager.common_http_protocol_options.idle_timeout.CopyFrom(duration(IDLE_TIMEOUT_MS))
    manager.common_http_protocol_options.headers_with_underscores_action = HttpProtocolOptions.REJECT_REQUEST
    manager.http2_protocol_options.max_concurrent_streams.value = MAX_STREAMS
    manager.http2_protocol_options.initial_stream_window_size.value = STREAM_WINDOW_BYTES
    manager.http2_protocol_options.initial_connection_window_size.value = CONNECTION_WINDOW_BYTES


def _extensions(index: MeshIndex, workload: Workload) -> list[NamedFilter]:
    return [
        NamedFilter(place="extension", name=found.name, config=Any(type_url=found.type_url, value=found.config))
        for found in index.policies.gateway_filters
        if index.policies.settings.reaches(found.selector, workload.namespace, workload.labels)
    ]
