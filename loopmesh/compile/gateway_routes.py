"""What the edge answers: virtual hosts of the policies bound to a gateway (Istio `buildGatewayHTTPRouteConfig`)."""

from collections.abc import Iterator

from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.compile import names
from loopmesh.compile.host_table import host_matches
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.routes.direct_response import allow_bodies
from loopmesh.compile.routes.request_match import takes_everything
from loopmesh.compile.routes.route import routing_routes
from loopmesh.compile.routes.scope import RouteScope
from loopmesh.model.edge import Gateway, Server
from loopmesh.model.routing import Routing
from loopmesh.model.topology import Workload


def open_ports(index: MeshIndex, workload: Workload) -> dict[int, list[tuple[Gateway, Server]]]:
    """The servers of all gateway policies that select the workload, by port number."""
    ports: dict[int, list[tuple[Gateway, Server]]] = {}
    for gateway in index.policies.gateways:
        if gateway.selects(workload.labels):
            for server in gateway.servers:
                ports.setdefault(server.port, []).append((gateway, server))
    return ports


def gateway_routes(
    index: MeshIndex, workload: Workload, port: int, servers: list[tuple[Gateway, Server]]
) -> RouteConfiguration:
    """Named `http.<port>`; policies for the same host are merged in the order read, unknown hosts get a 404."""
    routes: dict[str, list[EnvoyRoute]] = {}
    for gateway, server in servers:
        scope = RouteScope(port=port, namespace=workload.namespace, labels=workload.labels, gateway=gateway.name)
        for routing in index.policies.routings:
            if gateway.name in routing.gateways:
                built = routing_routes(index, routing, scope)
                for host in _common_hosts(routing, gateway, server) if built else ():
                    routes.setdefault(host, []).extend(built)
    hosts = [_virtual_host(host, port, found) for host, found in sorted(routes.items())]
    configuration = RouteConfiguration(
        name=names.gateway_routes(port),
        virtual_hosts=hosts or [VirtualHost(name=f"blackhole:{port}", domains=["*"])],
        ignore_port_in_host_matching=True,
    )
    configuration.validate_clusters.value = False
    allow_bodies(configuration)
    return configuration


def _common_hosts(routing: Routing, gateway: Gateway, server: Server) -> list[str]:
    """The narrower of each pair that overlaps, among the hosts the server has for the policy's namespace."""
    common = []
    for served in _admitted_hosts(routing, gateway, server):
        for host in routing.hosts:
            if host_matches(host, served):
                common.append(served)
            elif host_matches(served, host):
                common.append(host)
    return list(dict.fromkeys(host.lower() for host in common))


def _admitted_hosts(routing: Routing, gateway: Gateway, server: Server) -> Iterator[str]:
    """`namespace/host` is for policies of the namespace only, `./host` for those of the gateway's."""
    for host in server.hosts:
        namespace, _, name = host.rpartition("/")
        wanted = gateway.source.policy.namespace if namespace == "." else namespace
        if wanted in ("", "*", routing.source.policy.namespace):
            yield name


def _virtual_host(host: str, port: int, routes: list[EnvoyRoute]) -> VirtualHost:
    """Routes that take everything come last, whichever policy they are of (Istio `SortVHostRoutes`)."""
    return VirtualHost(
        name=f"{host}:{port}",
        domains=[host],
        routes=sorted(routes, key=lambda route: takes_everything(route.match)),
        include_request_attempt_count=True,
    )
