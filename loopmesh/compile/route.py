"""Routes: what a request must look like and where it then goes."""

from collections.abc import Iterator

from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_components_pb2 import RouteAction, RouteMatch, WeightedCluster

from loopmesh.compile import names
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.match import route_match
from loopmesh.compile.messages import duration
from loopmesh.compile.retry import retry_policy
from loopmesh.model.policy import PolicyName
from loopmesh.model.routing import Destination, RequestMatch, Route, Routing

DEFAULT_NAME = "default"
NO_TIMEOUT_MS = 0


def routing_routes(index: MeshIndex, routing: Routing) -> Iterator[EnvoyRoute]:
    """One per match of each route, in order; what follows a route that takes everything can never be reached."""
    for route in routing.routes:
        for match in route.matches or (RequestMatch(),):
            yield _route(index, routing, route, match)
            if _takes_everything(match):
                return


def default_route(host: str, port: int) -> EnvoyRoute:
    """Where requests go that no policy speaks of: to all instances of the service, with Istio's default retries."""
    action = RouteAction(cluster=names.outbound_cluster(port, "", host))
    _finish(action, None)
    return EnvoyRoute(name=DEFAULT_NAME, match=RouteMatch(prefix="/"), route=action)


def _route(index: MeshIndex, routing: Routing, route: Route, match: RequestMatch) -> EnvoyRoute:
    action = _destinations(index, route.destinations)
    _finish(action, route)
    name = ".".join(part for part in (route.name, match.name) if part) or DEFAULT_NAME
    result = EnvoyRoute(name=name, match=route_match(match), route=action)
    policy = routing.source.policy
    _name_policy(result, policy)
    return result


def _finish(action: RouteAction, route: Route | None) -> None:
    timeout_ms = route.timeout_ms if route else None
    action.timeout.CopyFrom(duration(timeout_ms or NO_TIMEOUT_MS))
    # Istio bounds the caller's own deadline (grpc-timeout) by the route's timeout, with this deprecated field.
    action.max_grpc_timeout.CopyFrom(action.timeout)
    policy = retry_policy(route.retry if route else None)
    if policy is not None:
        action.retry_policy.CopyFrom(policy)


def _destinations(index: MeshIndex, destinations: tuple[Destination, ...]) -> RouteAction:
    if len(destinations) == 1:
        return RouteAction(cluster=_cluster(index, destinations[0]))
    weighted = WeightedCluster()
    for destination in destinations:
        if destination.weight:
            weighted.clusters.add(name=_cluster(index, destination)).weight.value = destination.weight
    return RouteAction(weighted_clusters=weighted)


def _cluster(index: MeshIndex, destination: Destination) -> str:
    port = destination.port
    if port is None:
        service = index.application.service_at(destination.host)
        port = service.ports[0].number if service else 0
    return names.outbound_cluster(port, destination.subset or "", destination.host)


def _takes_everything(match: RequestMatch) -> bool:
    return not (match.path or match.method or match.authority or match.headers)


def _name_policy(route: EnvoyRoute, policy: PolicyName) -> None:
    path = names.config_path(policy.kind, policy.namespace, policy.name)
    route.metadata.filter_metadata["istio"].update({"config": path})
