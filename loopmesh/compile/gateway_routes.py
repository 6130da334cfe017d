"""What the edge answers: virtual hosts of the policies bound to a gateway (Istio `buildGatewayHTTPRouteConfig`)."""

from collections.abc import Iterator

from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.compile.gateway_servers import OpenServer, common_hosts
from loopmesh.compile.routes.direct_response import allow_bodies
from loopmesh.compile.routes.request_match import takes_everything
from loopmesh.compile.routes.route import routing_routes
from loopmesh.compile.routes.scope import RouteScope
from loopmesh.compile.view import View
from loopmesh.model.topology import Workload


def gateway_routes(view: View, workload: Workload, name: str, servers: list[OpenServer]) -> RouteConfiguration:
    """Policies for the same host are merged in the order read, unknown hosts get a 404."""
    routes: dict[str, list[EnvoyRoute]] = {}
    redirected: set[str] = set()
    for open_server in servers:
        found = _server_routes(view, workload, open_server)
        for host, more in found.items():
            routes.setdefault(host, []).extend(more)
        if open_server.server.redirects_to_https:
            redirected |= {*found, *_redirected_anyway(open_server)}
    port = servers[0].server.port
    hosts = [
        _virtual_host(names, port, routes.get(names[0], []), redirected=names[0] in redirected)
        for names in _alike(routes, redirected)
    ]
    nothing = VirtualHost(name=f"blackhole:{port}", domains=["*"])
    configuration = RouteConfiguration(name=name, virtual_hosts=hosts or [nothing], ignore_port_in_host_matching=True)
    configuration.validate_clusters.value = False
    allow_bodies(configuration)
    return configuration


def _server_routes(view: View, workload: Workload, open_server: OpenServer) -> dict[str, list[EnvoyRoute]]:
    gateway, server = open_server.gateway, open_server.server
    scope = RouteScope(
        port=server.port,
        namespace=workload.namespace,
        labels=workload.labels,
        gateway=gateway.name,
        secure=server.tls is not None,
    )
    routes: dict[str, list[EnvoyRoute]] = {}
    for routing in view.routings:
        if gateway.name in routing.gateways and (built := routing_routes(view, routing, scope)):
            for host in common_hosts(routing, open_server):
                routes.setdefault(host, []).extend(built)
    return routes


def _redirected_anyway(open_server: OpenServer) -> Iterator[str]:
    """Hosts as Istio looks for them, whatever policies there are: one for a namespace keeps what stands before `/`,
    which no call has, so only routes have it redirected (`sanitizeServerHostNamespace`)."""
    own = open_server.gateway.source.policy.namespace
    for host in open_server.server.hosts:
        namespace, slash, name = host.lower().rpartition("/")
        yield name if namespace == "*" else f"{own if namespace == '.' else namespace}{slash}{name}"


def _alike(routes: dict[str, list[EnvoyRoute]], redirected: set[str]) -> list[list[str]]:
    """Hosts with the very same routes together, as one virtual host (Istio `collapseDuplicateRoutes`); it is called
    by the first: the longest, wildcards last (Istio `host.MoreSpecific`)."""
    found: dict[tuple[object, ...], list[str]] = {}
    for host in sorted({*routes, *redirected}, key=lambda host: (host.startswith("*"), -len(host), host)):
        found.setdefault((host in redirected, *map(id, routes.get(host, ()))), []).append(host)
    return list(found.values())


def _virtual_host(names: list[str], port: int, routes: list[EnvoyRoute], *, redirected: bool) -> VirtualHost:
    """Routes that take everything come last, whichever policy they are of (Istio `SortVHostRoutes`)."""
    return VirtualHost(
        name=f"{names[0]}:{port}",
        domains=names,
        routes=sorted(routes, key=lambda route: takes_everything(route.match)),
        include_request_attempt_count=True,
        require_tls=VirtualHost.ALL if redirected else VirtualHost.NONE,
    )
