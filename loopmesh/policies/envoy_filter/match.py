"""Which part of which proxy's configuration a patch is for."""

from loopmesh.model.patch import (
    EVERY_PROXY,
    ActionKind,
    ChainMatch,
    ClusterMatch,
    Direction,
    ListenerMatch,
    ProxyMatch,
    RouteMatch,
    Target,
)
from loopmesh.policies.envoy_filter.proxy_match import read_proxy_match
from loopmesh.policies.fields import Fields

CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"
INBOUND_LISTENER = "virtualInbound"
OUTGOING = (Direction.ANY, Direction.SIDECAR_OUTBOUND)
OWN_ROUTES = ("inbound|", "http.", "https.")
"""How routes that are not for a program's own calls are named."""
NOWHERE = frozenset(
    {
        *("istio.alpn", "istio.metadata_exchange", "istio.stats", "istio_authn"),
        "envoy.filters.http.peer_metadata",
    }
)
"""Filters of Istio's own build of Envoy."""
NOT_INBOUND = frozenset({"envoy.filters.http.fault", "envoy.filters.http.cors"})
ANY_ROUTE = ("", ActionKind.ANY)
MOST_PORT = 65535
UNSUPPORTED_DIRECTIONS = {"WAYPOINT": "there is no ambient mesh here"}
UNSUPPORTED = {
    "waypoint": "there is no ambient mesh here",
}
KEYS = {
    **dict.fromkeys(
        (Target.LISTENER, Target.LISTENER_FILTER, Target.FILTER_CHAIN, Target.NETWORK_FILTER, Target.HTTP_FILTER),
        "listener",
    ),
    **dict.fromkeys((Target.ROUTE_CONFIGURATION, Target.VIRTUAL_HOST, Target.HTTP_ROUTE), "routeConfiguration"),
    Target.CLUSTER: "cluster",
}
"""What an object of each target is found by."""
Match = ListenerMatch | RouteMatch | ClusterMatch


def read_match(target: Target, fields: Fields) -> tuple[Direction, ProxyMatch, Match | None]:
    """The direction, the proxies and the object; None for any object."""
    fields.unsupported(UNSUPPORTED)
    proxy = fields.object("proxy", read_proxy_match) or EVERY_PROXY
    direction = fields.choice("context", Direction, unsupported=UNSUPPORTED_DIRECTIONS) or Direction.ANY
    found: dict[str, Match | None] = {
        "listener": fields.object("listener", lambda inside: _listener(target, direction, inside)),
        "routeConfiguration": fields.object("routeConfiguration", lambda inside: _routes(target, direction, inside)),
        "cluster": fields.object("cluster", _cluster),
    }
    for key in found:
        if fields.has(key) and key != KEYS[target]:
            fields.refuse(key, f"a {target} is found by `{KEYS[target]}`", f"write `{KEYS[target]}`, or remove it")
    return direction, proxy, found[KEYS[target]]


def _listener(target: Target, direction: Direction, fields: Fields) -> ListenerMatch:
    fields.unsupported({"portName": "Istio does not heed it"})
    name = fields.text("name") or ""
    if name and direction is not Direction.GATEWAY and name != INBOUND_LISTENER:
        rule = "listeners for outgoing calls are named by addresses of a cluster, which do not exist here"
        fields.refuse("name", rule, f"use `{INBOUND_LISTENER}`, context GATEWAY, or remove it")
    return ListenerMatch(
        name=name,
        port=_port(fields, "portNumber"),
        listener_filter=fields.text("listenerFilter") or "",
        chain=fields.object("filterChain", lambda inside: _chain(target, direction, inside)) or ChainMatch(),
    )


def _chain(target: Target, direction: Direction, fields: Fields) -> ChainMatch:
    filters = fields.object("filter", lambda inside: _filter(target, direction, inside)) or (None, None)
    protocols = fields.text("applicationProtocols") or ""
    if fields.has("filter") and target in (Target.LISTENER, Target.FILTER_CHAIN):
        fields.refuse("filter", f"a filter says nothing about a {target}", "remove it")
    return ChainMatch(
        name=fields.text("name") or "",
        server_name=fields.text("sni") or "",
        transport_protocol=fields.text("transportProtocol") or "",
        application_protocols=tuple(protocols.split(",")) if protocols else (),
        destination_port=_port(fields, "destinationPort"),
        filter=filters[0],
        http_filter=filters[1],
    )


def _filter(target: Target, direction: Direction, fields: Fields) -> tuple[str | None, str | None]:
    name = fields.text("name", required=True)
    inside = fields.object("subFilter", lambda sub: _sub_filter(direction, sub))
    if fields.has("subFilter") and target is not Target.HTTP_FILTER:
        fields.refuse("subFilter", "only an HTTP_FILTER is inside another filter", "remove it")
    elif fields.has("subFilter") and name not in (None, CONNECTION_MANAGER):
        fields.refuse("name", "HTTP filters are inside the HTTP connection manager", f"write {CONNECTION_MANAGER}")
    return name, inside


def _sub_filter(direction: Direction, fields: Fields) -> str | None:
    name = fields.text("name", required=True)
    if name in NOWHERE or (name in NOT_INBOUND and direction in (Direction.ANY, Direction.SIDECAR_INBOUND)):
        where = "the proxies" if name in NOWHERE else "calls to a program"
        remedy = "use another, such as envoy.filters.http.router" if name in NOWHERE else "say context SIDECAR_OUTBOUND"
        fields.refuse("name", f"{where} have no such filter here", remedy)
    return name


def _routes(target: Target, direction: Direction, fields: Fields) -> RouteMatch:
    host = fields.object("vhost", lambda inside: _host(target, inside)) or RouteMatch()
    name, port = fields.text("name") or "", _port(fields, "portNumber")
    gateway, port_name = fields.text("gateway") or "", fields.text("portName") or ""
    for key, value in (("gateway", gateway), ("portName", port_name)):
        if value and direction is not Direction.GATEWAY:
            fields.refuse(key, "Istio heeds it for context GATEWAY only", "remove it, or say `context: GATEWAY`")
    is_of_a_port = bool(port) or (bool(name) and not name.startswith(OWN_ROUTES))
    if target is Target.ROUTE_CONFIGURATION and direction in OUTGOING and is_of_a_port:
        rule = "a program's HTTP calls to all ports share one route configuration"
        fields.refuse("name" if name else "portNumber", rule, "patch each VIRTUAL_HOST of the port")
    return RouteMatch(
        name=name,
        port=port,
        port_name=port_name,
        gateway=gateway,
        host_name=host.host_name,
        domain=host.domain,
        asks_route=host.asks_route,
        route_name=host.route_name,
        action=host.action,
    )


def _host(target: Target, fields: Fields) -> RouteMatch:
    route = fields.object("route", _route)
    # Any route is said of virtual hosts in Istio's own examples; it asks for nothing.
    if route not in (None, ANY_ROUTE) and target is not Target.HTTP_ROUTE:
        fields.refuse("route", f"a route says nothing about a {target}", "remove it")
    return RouteMatch(
        host_name=fields.text("name") or "",
        domain=fields.text("domainName") or "",
        asks_route=route is not None and target is Target.HTTP_ROUTE,
        route_name=route[0] if route else "",
        action=route[1] if route else ActionKind.ANY,
    )


def _route(fields: Fields) -> tuple[str, ActionKind]:
    return fields.text("name") or "", fields.choice("action", ActionKind) or ActionKind.ANY


def _cluster(fields: Fields) -> ClusterMatch:
    return ClusterMatch(
        name=fields.text("name") or "",
        port=_port(fields, "portNumber"),
        service=fields.text("service") or "",
        subset=fields.text("subset") or "",
    )


def _port(fields: Fields, key: str) -> int:
    return fields.integer(key, least=0, most=MOST_PORT) or 0
