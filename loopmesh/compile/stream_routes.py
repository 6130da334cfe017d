"""Where connections go whose requests cannot be told apart: by tcp and tls routes, else to the service."""

from collections.abc import Iterator

from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.compile import names
from loopmesh.compile.destinations.hash_policy import connection_hash
from loopmesh.compile.messages import duration
from loopmesh.compile.origin import name_rule, name_setting
from loopmesh.compile.tcp_proxy import carrying, tcp_proxy
from loopmesh.compile.telemetry import access_logs
from loopmesh.compile.unknown_hosts import NOWHERE, unknown_stream_cluster
from loopmesh.compile.view import View
from loopmesh.model.added_host import AddedHost, Called
from loopmesh.model.application import Port, Protocol
from loopmesh.model.destinations.connection_pool import ConnectionPool
from loopmesh.model.routes.destination import Destination
from loopmesh.model.routes.stream_route import StreamRoute
from loopmesh.model.setting import Setting
from loopmesh.model.telemetry import Side
from loopmesh.model.topology import Workload
from loopmesh.model.traffic import DestinationRule


def service_chains(view: View, workload: Workload, service: Called, port: Port) -> list[FilterChain]:
    """For connections a program opens to a port of a service. TLS is told apart by server names if some route does so;
    a connection with another name is one to an unknown host."""
    if by_name := list(_tls_chains(view, workload, service, port)):
        return [*by_name, _rest(view, workload, service, port)]
    chain = _tcp_chain(view, workload, service, port)
    if _has_only_its_name(service, port):
        chain.filter_chain_match.server_names.append(service.host)
        return [chain, _rest(view, workload, service, port)]
    return [chain]


def told_apart_ports(view: View) -> Iterator[tuple[Called, Port]]:
    """Those where some connections are taken by their server names."""
    for service, port in view.stream_ports:
        if _has_only_its_name(service, port) or any(_named(view, service, port)):
            yield service, port


def passed_on_chain(view: View, workload: Workload, service: Called, port: Port) -> FilterChain:
    """Closes a connection, or hands it on as it is."""
    cluster = unknown_stream_cluster(view.outbound_policy, port.number, service.host)
    chain = FilterChain(filters=[tcp_proxy(cluster, cluster, access_logs(view.index, workload, Side.CLIENT))])
    if cluster == NOWHERE and view.outbound_policy.source is not None:
        name_setting(chain.metadata, Setting.UNKNOWN_HOSTS, view.outbound_policy.source)
    return chain


def _rest(view: View, workload: Workload, service: Called, port: Port) -> FilterChain:
    chain = passed_on_chain(view, workload, service, port)
    chain.name = "PassthroughFilterChain"
    return chain


def route_proxy(view: View, route: StreamRoute, port: int) -> TcpProxy:
    """Shares connections out; `port` is the one dialled. Settings are those of the first destination's rule (Istio
    `buildOutboundNetworkFilters`)."""
    destinations, policy = route.destinations, route.source.policy
    first = destinations[0]
    rule = view.rule_at(first.host)
    if len(destinations) == 1:
        cluster = _cluster(view, first, port)
        return _with_settings(TcpProxy(stat_prefix=cluster, cluster=cluster), rule, first.subset or "")
    proxy = TcpProxy(stat_prefix=f"{policy.name}.{policy.namespace}")
    for destination in destinations:
        if destination.weight:
            cluster = _cluster(view, destination, port)
            proxy.weighted_clusters.clusters.add(name=cluster, weight=destination.weight)
    return _with_settings(proxy, rule, "")


def _tcp_chain(view: View, workload: Workload, service: Called, port: Port) -> FilterChain:
    """The first route that counts, whichever policy it is of (Istio `buildSidecarOutboundTCPFilterChainOpts`)."""
    scope = view.route_scope(port.number)
    for routing in view.choice.all_for_host(service.host) if port.protocol is not Protocol.TLS else ():
        for route in routing.tcp_routes:
            if not route.matches or any(map(scope.includes_stream, route.matches)):
                return _routed(view, workload, route, port.number)
    cluster = names.outbound_cluster(port.number, "", service.host)
    proxy = _with_settings(TcpProxy(stat_prefix=cluster, cluster=cluster), view.destination_rule(service), "")
    return _chain(view, workload, proxy)


def _tls_chains(view: View, workload: Workload, service: Called, port: Port) -> Iterator[FilterChain]:
    """A set of names that was routed already is not routed again (Istio `buildSidecarOutboundTLSFilterChainOpts`)."""
    routed: set[tuple[str, ...]] = set()
    for route, server_names in _named(view, service, port):
        if server_names not in routed:
            routed.add(server_names)
            chain = _routed(view, workload, route, port.number)
            chain.filter_chain_match.server_names.extend(sorted(server_names))
            yield chain


def _named(view: View, service: Called, port: Port) -> Iterator[tuple[StreamRoute, tuple[str, ...]]]:
    scope = view.route_scope(port.number)
    for routing in view.choice.all_for_host(service.host) if port.protocol is Protocol.TLS else ():
        for route in routing.tls_routes:
            for match in filter(scope.includes_stream, route.matches):
                yield route, match.server_names


def _has_only_its_name(service: Called, port: Port) -> bool:
    """Without an address Istio has nothing else to tell the host's TLS connections from others by."""
    return isinstance(service, AddedHost) and port.protocol is Protocol.TLS and not service.addresses


def _routed(view: View, workload: Workload, route: StreamRoute, port: int) -> FilterChain:
    chain = _chain(view, workload, route_proxy(view, route, port))
    name_rule(chain.metadata, route.source)
    return chain


def _chain(view: View, workload: Workload, proxy: TcpProxy) -> FilterChain:
    return FilterChain(filters=[carrying(proxy, access_logs(view.index, workload, Side.CLIENT))])


def _with_settings(proxy: TcpProxy, rule: DestinationRule | None, subset: str) -> TcpProxy:
    """Those of the whole rule, not of a port or subset, count here (Istio
    `buildOutboundNetworkFiltersWithSingleDestination`)."""
    pool = (rule.policy.connection_pool if rule else None) or ConnectionPool()
    proxy.hash_policy.extend(connection_hash(rule, subset))
    if pool.tcp_idle_timeout_ms is not None:
        proxy.idle_timeout.CopyFrom(duration(pool.tcp_idle_timeout_ms))
    if pool.max_connection_duration_ms is not None:
        proxy.max_downstream_connection_duration.CopyFrom(duration(pool.max_connection_duration_ms))
    return proxy


def _cluster(view: View, destination: Destination, port: int) -> str:
    """Without a port it is the service's only one, else the one dialled."""
    service = view.called_at(destination.host)
    own = service.ports[0].number if service and len(service.ports) == 1 else port
    return names.outbound_cluster(destination.port or own, destination.subset or "", destination.host)
