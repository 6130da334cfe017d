"""Routes: what a request must look like and where it then goes (Istio `TranslateRoute`)."""

from collections.abc import Iterator
from dataclasses import replace

from envoy.config.route.v3.route_components_pb2 import Decorator, RouteAction, RouteMatch, WeightedCluster
from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute

from loopmesh.compile import names
from loopmesh.compile.destinations.hash_policy import consistent_hash, request_hash
from loopmesh.compile.messages import duration, pack
from loopmesh.compile.origin import name_rule, name_setting
from loopmesh.compile.routes import cors, fault
from loopmesh.compile.routes.direct_response import direct_response_action
from loopmesh.compile.routes.header_changes import apply_header_changes, rewritten_authority
from loopmesh.compile.routes.mirror import mirror_policy
from loopmesh.compile.routes.operation import route_operation
from loopmesh.compile.routes.redirect import redirect_action
from loopmesh.compile.routes.request_match import route_match, takes_everything
from loopmesh.compile.routes.retry import retry_policy
from loopmesh.compile.routes.rewrite import apply_rewrite
from loopmesh.compile.routes.scope import RouteScope
from loopmesh.compile.view import View
from loopmesh.model.destinations.balancing import ConsistentHash
from loopmesh.model.routes.destination import Destination
from loopmesh.model.routes.request_match import RequestMatch
from loopmesh.model.routes.retry import Retry
from loopmesh.model.routing import MESH_GATEWAY, Route, Routing
from loopmesh.model.setting import Setting

DEFAULT_NAME = "default"
NO_TIMEOUT_MS = 0


def routing_routes(view: View, routing: Routing, scope: RouteScope) -> list[EnvoyRoute]:
    """One per match of each route that counts in the scope, in order, up to one that takes everything."""
    return list(_up_to_catch_all(_routes(view, routing, scope)))


def default_route(view: View, host: str, port: int) -> EnvoyRoute:
    """Where requests go that no policy speaks of: to all instances of the service, with the mesh's default retries."""
    action = RouteAction(cluster=names.outbound_cluster(port, "", host))
    _set_timeout(action, None)
    hashed = consistent_hash(view.rule_at(host), "", port)
    if hashed is not None:
        action.hash_policy.append(request_hash(hashed))
    operation = Decorator(operation=f"{host}:{port}/*")
    result = EnvoyRoute(name=DEFAULT_NAME, match=RouteMatch(prefix="/"), route=action, decorator=operation)
    _set_retry(result, view, None, hashed=False)
    return result


def _up_to_catch_all(routes: Iterator[EnvoyRoute]) -> Iterator[EnvoyRoute]:
    for route in routes:
        yield route
        if takes_everything(route.match):
            return


def _routes(view: View, routing: Routing, scope: RouteScope) -> Iterator[EnvoyRoute]:
    for route in routing.routes:
        for match in route.matches or (RequestMatch(),):
            if scope.includes(match):
                yield _route(view, route, match, scope)


def _route(view: View, route: Route, match: RequestMatch, scope: RouteScope) -> EnvoyRoute:
    name = f"{route.name}.{match.name}" if match.name else route.name
    result = EnvoyRoute(name=name, match=route_match(match), stat_prefix=match.statistics_name)
    name_rule(result.metadata, route.source)
    apply_header_changes(result, route.headers)
    if route.redirect is not None:
        result.redirect.CopyFrom(redirect_action(route.redirect, scope.port, secure=scope.secure))
    elif route.direct_response is not None:
        result.direct_response.CopyFrom(direct_response_action(route.direct_response))
    else:
        _set_destinations(result, view, route, scope)
    result.decorator.operation = route_operation(result, route.source.policy.name, scope.port)
    if route.fault is not None:
        result.typed_per_filter_config[fault.FILTER].CopyFrom(pack(fault.route_fault(route.fault)))
    if route.cors is not None:
        result.typed_per_filter_config[cors.FILTER].CopyFrom(pack(cors.route_cors(route.cors)))
    return result


def _set_destinations(result: EnvoyRoute, view: View, route: Route, scope: RouteScope) -> None:
    action = result.route
    _set_timeout(action, route.timeout_ms)
    if route.timeout_ms is not None:
        name_setting(result.metadata, Setting.TIMEOUT, replace(route.source, place=f"{route.source.place}.timeout"))
    authority = rewritten_authority(route.headers)
    if authority:
        action.host_rewrite_literal = authority
    apply_rewrite(action, route.rewrite)
    for mirror in (one for one in route.mirrors if one.percent > 0):
        action.request_mirror_policies.append(mirror_policy(_cluster(view, mirror.destination, scope), mirror.percent))
    if len(route.destinations) == 1:
        _set_single(result, view, route.destinations[0], scope)
    else:
        action.weighted_clusters.CopyFrom(_weighted(view, route.destinations, scope))
    hashes = _hashes(view, route.destinations)
    action.hash_policy.extend(request_hash(found) for found in hashes)
    _set_retry(result, view, route.retry, hashed=bool(hashes) and len(route.destinations) == 1)


def _hashes(view: View, destinations: tuple[Destination, ...]) -> list[ConsistentHash]:
    """What calls are told apart by, of each destination that gets any."""
    counting = [one for one in destinations if one.weight or len(destinations) == 1]
    found = [consistent_hash(view.rule_at(one.host), one.subset or "", one.port) for one in counting]
    return [one for one in found if one is not None]


def _set_single(result: EnvoyRoute, view: View, destination: Destination, scope: RouteScope) -> None:
    """The destination's own changes come after the route's; its host counts if the route rewrites none."""
    result.route.cluster = _cluster(view, destination, scope)
    apply_header_changes(result, destination.headers)
    authority = rewritten_authority(destination.headers)
    if authority and not result.route.host_rewrite_literal:
        result.route.host_rewrite_literal = authority


def _weighted(view: View, destinations: tuple[Destination, ...], scope: RouteScope) -> WeightedCluster:
    """Destinations without a weight get nothing."""
    weighted = WeightedCluster()
    for destination in destinations:
        if not destination.weight:
            continue
        cluster = weighted.clusters.add(name=_cluster(view, destination, scope))
        cluster.weight.value = destination.weight
        apply_header_changes(cluster, destination.headers)
        authority = rewritten_authority(destination.headers)
        if authority:
            cluster.host_rewrite_literal = authority
    return weighted


def _set_retry(result: EnvoyRoute, view: View, retry: Retry | None, *, hashed: bool) -> None:
    said = retry or view.index.policies.settings.retry
    if said is not None and said.source is not None:
        name_setting(result.metadata, Setting.RETRIES, said.source)
    policy = retry_policy(said, hashed=hashed)
    if policy is not None:
        result.route.retry_policy.CopyFrom(policy)


def _set_timeout(action: RouteAction, timeout_ms: int | None) -> None:
    action.timeout.CopyFrom(duration(timeout_ms or NO_TIMEOUT_MS))
    # Istio bounds the caller's own deadline (grpc-timeout) by the route's timeout, with this deprecated field.
    action.max_grpc_timeout.CopyFrom(action.timeout)


def _cluster(view: View, destination: Destination, scope: RouteScope) -> str:
    """Without a port it is the one dialled; at a gateway the service's only one goes before that.

    A sidecar's routes for a port know only the services that have it (Istio `GetDestinationCluster`,
    `buildSidecarOutboundVirtualHosts`).
    """
    port = destination.port or (scope.port if scope.gateway == MESH_GATEWAY else None)
    if port is None:
        service = view.called_at(destination.host)
        port = service.ports[0].number if service and len(service.ports) == 1 else scope.port
    return names.outbound_cluster(port, destination.subset or "", destination.host)
