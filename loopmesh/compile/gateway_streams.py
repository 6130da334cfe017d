"""Connections the edge passes on without looking at requests: TCP, and TLS it ends or passes on as it is."""

from collections.abc import Iterator

from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.compile.gateway_servers import OpenServer, common_hosts
from loopmesh.compile.network_rbac import network_rbac_filters
from loopmesh.compile.stream_routes import route_proxy
from loopmesh.compile.tcp_proxy import carrying
from loopmesh.compile.telemetry import access_logs
from loopmesh.compile.view import View
from loopmesh.model.routes.stream_route import StreamMatch
from loopmesh.model.routing import Routing
from loopmesh.model.telemetry import Side
from loopmesh.model.topology import Workload


def stream_chain(view: View, workload: Workload, one: OpenServer) -> FilterChain | None:
    """The first tcp route bound to the server takes all its connections; None without any (Istio
    `buildGatewayNetworkFiltersFromTCPRoutes`)."""
    for routing in _bound(view, one):
        for route in routing.tcp_routes:
            if not route.matches or any(_counts(match, one) for match in route.matches):
                proxy = route_proxy(view, route, one.server.port)
                return _chain(view, workload, one, proxy)
    return None


def passed_on_chains(view: View, workload: Workload, one: OpenServer, taken: set[str]) -> Iterator[FilterChain]:
    """One for each match of a tls route bound to the server; names that are `taken` on the port are not taken again
    (Istio `buildGatewayNetworkFiltersFromTLSRoutes`)."""
    for routing in _bound(view, one):
        for route in routing.tls_routes:
            for match in route.matches:
                if not _counts(match, one) or not taken.isdisjoint(match.server_names):
                    continue
                taken.update(match.server_names)
                proxy = route_proxy(view, route, one.server.port)
                chain = _chain(view, workload, one, proxy)
                if "*" not in match.server_names:
                    chain.filter_chain_match.server_names.extend(sorted(match.server_names))
                yield chain


def _bound(view: View, one: OpenServer) -> Iterator[Routing]:
    for routing in view.routings:
        if one.gateway.name in routing.gateways and common_hosts(routing, one):
            yield routing


def _counts(match: StreamMatch, one: OpenServer) -> bool:
    """Who calls does not count at a gateway (Istio `l4SingleMatch`)."""
    is_here = not match.gateways or one.gateway.name in match.gateways
    return is_here and match.port in (None, one.server.port)


def _chain(view: View, workload: Workload, one: OpenServer, proxy: TcpProxy) -> FilterChain:
    rules = network_rbac_filters(view.index, workload, one.server.port)
    return FilterChain(filters=[*rules, carrying(proxy, access_logs(view.index, workload, Side.CLIENT))])
