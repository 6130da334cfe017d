"""Which patches have had a hand in a proxy's configuration, which does not say so."""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy.config.listener.v3.listener_components_pb2 import Filter, ListenerFilter
from envoy.config.route.v3.route_components_pb2 import Route, VirtualHost
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter

from loopmesh.compile.patch.selection import patches_of
from loopmesh.model.patch import ClusterMatch, Direction, ListenerMatch, Patch, RouteMatch, Target
from loopmesh.model.policies import Policies
from loopmesh.model.policy import Source
from loopmesh.model.topology import Workload

FILTERS: dict[Target, type[Filter] | type[ListenerFilter] | type[HttpFilter]] = {
    Target.LISTENER_FILTER: ListenerFilter,
    Target.NETWORK_FILTER: Filter,
    Target.HTTP_FILTER: HttpFilter,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedPatch:
    """`kind` is the full name of the message a filter is configured by, `name` that of what the patch brings or, where
    it says none, of what it matches; either may be empty."""

    target: Target
    direction: Direction
    kind: str
    name: str
    source: Source


def applied_patches(policies: Policies, workload: Workload) -> Iterator[AppliedPatch]:
    """In the order in which they are applied."""
    for patch in patches_of(policies, workload):
        kind, name = _brought(patch)
        yield AppliedPatch(
            target=patch.target,
            direction=patch.direction,
            kind=kind,
            name=name or _matched(patch.match),
            source=patch.source,
        )


def _brought(patch: Patch) -> tuple[str, str]:
    """The kind and the name of the patch's value."""
    if (kind := FILTERS.get(patch.target)) is not None:
        found = kind.FromString(patch.value)
        return found.typed_config.TypeName(), found.name
    if patch.target is Target.HTTP_ROUTE:
        return "", Route.FromString(patch.value).name
    if patch.target is Target.VIRTUAL_HOST:
        return "", VirtualHost.FromString(patch.value).name
    return "", ""


def _matched(match: ListenerMatch | RouteMatch | ClusterMatch) -> str:
    if isinstance(match, RouteMatch):
        return match.route_name or match.host_name
    if isinstance(match, ListenerMatch):
        return match.chain.http_filter or match.chain.filter or match.listener_filter
    return match.name
