"""How a request finds its destination (Istio's VirtualService)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loopmesh.model.policy import Source
from loopmesh.model.routes.cors import CorsPolicy
from loopmesh.model.routes.destination import Destination
from loopmesh.model.routes.direct_response import DirectResponse
from loopmesh.model.routes.fault import Fault
from loopmesh.model.routes.header_changes import HeaderChanges
from loopmesh.model.routes.mirror import NO_COPIES, Mirror, Mirroring
from loopmesh.model.routes.redirect import Redirect
from loopmesh.model.routes.request_match import RequestMatch
from loopmesh.model.routes.retry import Retry
from loopmesh.model.routes.rewrite import Rewrite
from loopmesh.model.routes.stream_route import StreamMatch, StreamRoute
from loopmesh.model.visibility import Visibility

MESH_GATEWAY = "mesh"
"""The reserved gateway name for all sidecars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The first route with a match that holds wins; no matches take every request. No timeout means none.

    Exactly one of `destinations`, `redirect`, `direct_response` and `delegate` is given; `delegate` names a routing
    without hosts (`namespace/name`), whose routes stand here as far as they are within these matches.
    """

    name: str = ""
    matches: tuple[RequestMatch, ...] = ()
    destinations: tuple[Destination, ...] = ()
    redirect: Redirect | None = None
    direct_response: DirectResponse | None = None
    delegate: str | None = None
    rewrite: Rewrite | None = None
    headers: HeaderChanges | None = None
    timeout_ms: int | None = None
    retry: Retry | None = None
    fault: Fault | None = None
    mirroring: Mirroring = NO_COPIES
    cors: CorsPolicy | None = None
    source: Source

    @property
    def mirrors(self) -> tuple[Mirror, ...]:
        """Who gets copies of the requests."""
        return self.mirroring.mirrors

    def is_for(self, namespace: str) -> bool:
        """Whether a match names the namespace of callers, or none names any."""
        named = [match.source_namespace for match in self.matches if match.source_namespace is not None]
        return not named or namespace in named


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Routes for `hosts` (fully qualified, or a wildcard) as seen through `gateways` (`namespace/name`, or `mesh`).

    Without hosts and gateways it is there for others to delegate to.
    """

    source: Source
    hosts: tuple[str, ...]
    gateways: tuple[str, ...] = (MESH_GATEWAY,)
    routes: tuple[Route, ...] = ()
    tcp_routes: tuple[StreamRoute, ...] = ()
    tls_routes: tuple[StreamRoute, ...] = ()
    visibility: Visibility | None = None
    """None is the mesh's default."""

    @property
    def name(self) -> str:
        """As others name it to delegate to it: `namespace/name`."""
        return f"{self.source.policy.namespace}/{self.source.policy.name}"

    @property
    def destinations(self) -> Iterator[Destination]:
        """Where its routes lead, copies of requests included."""
        return self._destinations(self.routes)

    def destinations_from(self, namespace: str) -> Iterator[Destination]:
        """The same without the routes for requests whose matches name other namespaces of callers only (Istio
        `virtualServiceDestinationsFilteredBySourceNamespace`)."""
        return self._destinations(route for route in self.routes if route.is_for(namespace))

    def _destinations(self, routes: Iterable[Route]) -> Iterator[Destination]:
        for route in routes:
            yield from route.destinations
            for mirror in route.mirrors:
                yield mirror.destination
        for stream_route in (*self.tcp_routes, *self.tls_routes):
            yield from stream_route.destinations

    @property
    def matches(self) -> Iterator[RequestMatch | StreamMatch]:
        """All conditions of its routes."""
        for route in self.routes:
            yield from route.matches
        for stream_route in (*self.tcp_routes, *self.tls_routes):
            yield from stream_route.matches
