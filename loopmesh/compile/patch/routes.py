"""Patches of route configurations, their hosts and routes (Istio `ApplyRouteConfigurationPatches`)."""

from collections.abc import Iterable, Mapping, Sequence

from envoy.config.route.v3.route_components_pb2 import Route, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.compile.patch.listing import edited
from loopmesh.compile.patch.merging import copied, merge
from loopmesh.compile.patch.route_match import matches_configuration, matches_host, matches_route, takes_hosts
from loopmesh.model.patch import Direction, Operation, Patch, RouteMatch, Target

ANY_HOST = ANY_PORT = "*"
MERGES = (Operation.MERGE, Operation.MERGE_AND_REPLACE_LIST)
Patches = Mapping[Target, Sequence[Patch]]


def patched_routes(routes: RouteConfiguration, patches: Patches, direction: Direction) -> RouteConfiguration:
    """A changed copy."""
    changed = copied(routes)
    for patch in _meant(patches, Target.ROUTE_CONFIGURATION, direction):
        if matches_configuration(changed, None, patch.match, direction):
            change = RouteConfiguration.FromString(patch.value)
            merge(changed, change, replace_lists=patch.operation is Operation.MERGE_AND_REPLACE_LIST)
    hosts = [found for host in changed.virtual_hosts if (found := _patched_host(changed, host, patches, direction))]
    hosts += [
        _host(patch, str(patch.match.port or ANY_PORT), direction)
        for patch in _meant(patches, Target.VIRTUAL_HOST, direction)
        if patch.operation is Operation.ADD and takes_hosts(changed, patch.match, direction)
    ]
    del changed.virtual_hosts[:]
    changed.virtual_hosts.extend(hosts)
    return changed


def _meant(patches: Patches, target: Target, direction: Direction) -> list[Patch]:
    return [one for one in patches.get(target, ()) if one.direction in (Direction.ANY, direction)]


def _patched_host(
    routes: RouteConfiguration, host: VirtualHost, patches: Patches, direction: Direction
) -> VirtualHost | None:
    """None where it is removed."""
    changed, dialled = copied(host), host.name.rpartition(":")[2] or ANY_PORT
    for patch in _meant(patches, Target.VIRTUAL_HOST, direction):
        if not matches_host(routes, changed, patch.match, direction):
            continue
        if patch.operation is Operation.REMOVE:
            return None
        if patch.operation is Operation.REPLACE:
            changed = _host(patch, dialled, direction)
        elif patch.operation in MERGES:
            change = _host(patch, dialled, direction)
            merge(changed, change, replace_lists=patch.operation is Operation.MERGE_AND_REPLACE_LIST)
    about = [
        patch
        for patch in _meant(patches, Target.HTTP_ROUTE, direction)
        if matches_host(routes, changed, patch.match, direction)
    ]
    _patch_routes(changed, about)
    return changed


def _host(patch: Patch, dialled: str, direction: Direction) -> VirtualHost:
    """The host of a patch. Istio compares domains without the port that is dialled, loopmesh with it, for one socket
    takes the calls to all ports."""
    host = VirtualHost.FromString(patch.value)
    bare = [domain for domain in host.domains if ":" not in domain and domain != ANY_HOST]
    if direction is not Direction.SIDECAR_INBOUND:
        host.domains.extend(f"{one}:{dialled}" for one in bare if dialled != ANY_PORT or not one.startswith(ANY_HOST))
    return host


def _patch_routes(host: VirtualHost, patches: Iterable[Patch]) -> None:
    """Changes and removals first, then what is put in."""
    found = [changed for route in host.routes if (changed := _patched_route(route, patches)) is not None]
    for patch in patches:
        match = patch.match
        if isinstance(match, RouteMatch) and patch.operation not in (*MERGES, Operation.REMOVE):
            found = _with(found, patch, match)
    del host.routes[:]
    host.routes.extend(found)


def _with(routes: list[Route], patch: Patch, match: RouteMatch) -> list[Route]:
    """INSERT_FIRST goes first, but only where the route it names is there."""
    meant = [matches_route(route, match) for route in routes]
    if patch.operation is Operation.INSERT_FIRST and match.asks_route and True not in meant:
        return routes
    return edited(routes, patch.operation, Route.FromString(patch.value), meant if match.asks_route else None)


def _patched_route(route: Route, patches: Iterable[Patch]) -> Route | None:
    """None where it is removed."""
    changed = copied(route)
    for patch in patches:
        if not isinstance(patch.match, RouteMatch) or not matches_route(changed, patch.match):
            continue
        if patch.operation is Operation.REMOVE:
            return None
        if patch.operation in MERGES:
            change = Route.FromString(patch.value)
            merge(changed, change, replace_lists=patch.operation is Operation.MERGE_AND_REPLACE_LIST)
    return changed
