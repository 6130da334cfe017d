"""Which routes a patch is about.

Istio has a route configuration for every port a sidecar dials, loopmesh has one for all: its hosts carry the port in
their names, so there a match on the port is one on the host.
"""

from envoy.config.route.v3.route_components_pb2 import Route, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.compile.patch.port import port_of
from loopmesh.model.patch import ActionKind, Direction, RouteMatch

ACTIONS = {"route": ActionKind.ROUTE, "redirect": ActionKind.REDIRECT, "direct_response": ActionKind.DIRECT_RESPONSE}
SECURE_GATEWAY = "https."


def takes_hosts(routes: RouteConfiguration, match: object, direction: Direction) -> bool:
    """Whether a host is added here; the one configuration for all ports is for those that some host has."""
    if matches_configuration(routes, None, match, direction):
        return True
    is_for_all = direction is Direction.SIDECAR_OUTBOUND
    return is_for_all and any(matches_configuration(routes, host, match, direction) for host in routes.virtual_hosts)


def matches_configuration(
    routes: RouteConfiguration, host: VirtualHost | None, match: object, direction: Direction
) -> bool:
    if not isinstance(match, RouteMatch):
        return False
    name, port, port_name, gateway = _names(routes, host, direction)
    is_of_port = match.name in ("", name) and match.port in (0, port)
    return is_of_port and match.port_name in ("", port_name) and match.gateway in ("", gateway)


def matches_host(routes: RouteConfiguration, host: VirtualHost, match: object, direction: Direction) -> bool:
    """Istio lists domains without ports."""
    if not isinstance(match, RouteMatch) or not matches_configuration(routes, host, match, direction):
        return False
    bare = {domain.partition(":")[0] for domain in host.domains}
    return match.host_name in ("", host.name) and (not match.domain or match.domain in bare)


def matches_route(route: Route, match: RouteMatch) -> bool:
    if match.route_name not in ("", route.name):
        return False
    kind = ACTIONS.get(route.WhichOneof("action") or "", match.action)
    return match.action in (ActionKind.ANY, kind)


def _names(routes: RouteConfiguration, host: VirtualHost | None, direction: Direction) -> tuple[str, int, str, str]:
    """The name Istio gives the configuration, its port, and the server and gateway it belongs to."""
    if direction is Direction.SIDECAR_OUTBOUND:
        port = host.name.rpartition(":")[2] if host is not None else ""
        return port, port_of(port), "", ""
    if direction is Direction.SIDECAR_INBOUND:
        return routes.name, port_of(routes.name.split("|")[1]), "", ""
    if routes.name.startswith(SECURE_GATEWAY):
        _, port, port_name, gateway, namespace = routes.name.split(".", 4)
        return routes.name, port_of(port), port_name, f"{namespace}/{gateway}"
    return routes.name, port_of(routes.name.rpartition(".")[2]), "", ""
