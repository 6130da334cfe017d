"""What the edge answers: virtual hosts of the policies bound to a gateway."""

from envoy.config.route.v3.route_components_pb2 import DirectResponseAction, RouteMatch, VirtualHost
from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.compile import names
from loopmesh.compile.index import MeshIndex, host_matches
from loopmesh.compile.route import routing_routes
from loopmesh.model.edge import Gateway, Server
from loopmesh.model.topology import Workload

NOT_FOUND = 404


def open_ports(index: MeshIndex, workload: Workload) -> dict[int, list[tuple[Gateway, Server]]]:
    """The servers of all gateway policies that select the workload, by port number."""
    ports: dict[int, list[tuple[Gateway, Server]]] = {}
    for gateway in index.policies.gateways:
        if gateway.selects(workload.labels):
            for server in gateway.servers:
                ports.setdefault(server.port, []).append((gateway, server))
    return ports


def gateway_routes(index: MeshIndex, port: int, servers: list[tuple[Gateway, Server]]) -> RouteConfiguration:
    """Named `http.<port>`; policies for the same host are merged in the order read, unknown hosts get a 404."""
    routes: dict[str, list[EnvoyRoute]] = {}
    for gateway, server in servers:
        name = f"{gateway.source.policy.namespace}/{gateway.source.policy.name}"
        for routing in index.policies.routings:
            if name in routing.gateways:
                for host in _common_hosts(routing.hosts, server.hosts):
                    known = routes.setdefault(host, [])
                    known.extend(route for route in routing_routes(index, routing) if route not in known)
    hosts = [_virtual_host(host, port, found) for host, found in routes.items()]
    return RouteConfiguration(
        name=names.gateway_routes(port),
        virtual_hosts=hosts or [_nothing(port)],
        ignore_path_parameters_in_path_matching=True,
    )


def _common_hosts(routed: tuple[str, ...], served: tuple[str, ...]) -> list[str]:
    """The narrower of each pair that overlaps."""
    common = []
    for host in routed:
        for server in served:
            server_host = server.rpartition("/")[2]
            if host_matches(server_host, host):
                common.append(host)
            elif host_matches(host, server_host):
                common.append(server_host)
    return list(dict.fromkeys(common))


def _virtual_host(host: str, port: int, routes: list[EnvoyRoute]) -> VirtualHost:
    catch_all = [route for route in routes if _is_catch_all(route)]
    ordered = [route for route in routes if not _is_catch_all(route)] + catch_all[:1]
    return VirtualHost(
        name=f"{host}:{port}",
        domains=["*"] if host == "*" else [host, f"{host}:*"],
        routes=ordered,
        include_request_attempt_count=True,
    )


def _is_catch_all(route: EnvoyRoute) -> bool:
    return bool(route.match.prefix == "/" and not route.match.headers)


def _nothing(port: int) -> VirtualHost:
    route = EnvoyRoute(
        name="blackhole", match=RouteMatch(prefix="/"), direct_response=DirectResponseAction(status=NOT_FOUND)
    )
    return VirtualHost(name=f"blackhole:{port}", domains=["*"], routes=[route])
