"""The client side of a sidecar for TCP: a loopback port for each TCP port of a service, which the program dials."""

from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2 import TlsInspector
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.compile import names
from loopmesh.compile.destinations.hash_policy import connection_hash
from loopmesh.compile.messages import duration, pack
from loopmesh.compile.sockets import loopback
from loopmesh.compile.tcp_proxy import carrying
from loopmesh.compile.telemetry import access_logs
from loopmesh.compile.view import View
from loopmesh.model.added_host import AddedHost, Called
from loopmesh.model.application import Port, Protocol
from loopmesh.model.destinations.connection_pool import ConnectionPool
from loopmesh.model.telemetry import Side
from loopmesh.model.topology import LOOPBACK, Workload


def tcp_listeners(view: View, workload: Workload) -> list[Listener]:
    """One for each visible port that the workload was given a loopback port for."""
    ports = {(dialled.host, dialled.port): dialled.listen_port for dialled in workload.outbound}
    return [
        tcp_listener(
            view, workload, service, port, f"tcp|{port.number}|{service.host}", ports[service.host, port.number]
        )
        for service, port in view.ports(http=False)
        if (service.host, port.number) in ports
    ]


def tcp_listener(
    view: View, workload: Workload, service: Called, port: Port, name: str, listen_port: int, address: str = LOOPBACK
) -> Listener:
    """A loopback port whose connections all go to a port of the service."""
    proxy = _proxy(view, service, port)
    chain = FilterChain(filters=[carrying(proxy, access_logs(view.index, workload, Side.CLIENT))])
    listener = Listener(
        name=name, address=loopback(listen_port, address), traffic_direction=OUTBOUND, filter_chains=[chain]
    )
    if isinstance(service, AddedHost) and port.protocol is Protocol.TLS and not service.addresses:
        _only_for(listener, service.host)
    return listener


def _only_for(listener: Listener, server_name: str) -> None:
    """TLS for another server name is not taken, because without an address Istio has nothing else to tell it apart by
    (`buildSidecarOutboundTLSFilterChainOpts`)."""
    listener.filter_chains[0].filter_chain_match.server_names.append(server_name)
    inspector = listener.listener_filters.add(name="envoy.filters.listener.tls_inspector")
    inspector.typed_config.CopyFrom(pack(TlsInspector()))


def _proxy(view: View, service: Called, port: Port) -> TcpProxy:
    """Settings of the whole rule, not those of a port, count here (Istio
    `buildOutboundNetworkFiltersWithSingleDestination`)."""
    rule = view.destination_rule(service)
    pool = (rule.policy.connection_pool if rule else None) or ConnectionPool()
    cluster = names.outbound_cluster(port.number, "", service.host)
    proxy = TcpProxy(stat_prefix=cluster, cluster=cluster, hash_policy=connection_hash(rule, ""))
    if pool.tcp_idle_timeout_ms is not None:
        proxy.idle_timeout.CopyFrom(duration(pool.tcp_idle_timeout_ms))
    if pool.max_connection_duration_ms is not None:
        proxy.max_downstream_connection_duration.CopyFrom(duration(pool.max_connection_duration_ms))
    return proxy
