"""The route a proxy has chosen for a request. Filters may make it look again: when they change the request, or know who
asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from envoy.config.route.v3.route_components_pb2 import Route, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from google.protobuf.any_pb2 import Any

from loopmesh.simulate.route import PassedOver, find_route
from loopmesh.simulate.stream import Stream
from loopmesh.simulate.virtual_host import find_virtual_host


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRoute:
    """`host` and `route` are None where none is for the request; `domain` is the host's that matched."""

    routes: RouteConfiguration = field(default_factory=RouteConfiguration)
    host: VirtualHost | None = None
    domain: str = ""
    route: Route | None = None
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def found(self) -> tuple[RouteConfiguration, VirtualHost, Route] | None:
        """From the widest level to the narrowest."""
        return (self.routes, self.host, self.route) if self.host and self.route else None

    @property
    def overrides(self) -> Mapping[str, Any]:
        """What the route says to filters, by their names: what is said nearest to it counts."""
        levels = [level.typed_per_filter_config for level in self.found or ()]
        return {name: level[name] for level in levels for name in level}


def choose_route(routes: RouteConfiguration, stream: Stream) -> ChosenRoute:
    """Raises NotSimulatedError."""
    found = find_virtual_host(routes, stream.request.authority)
    if found is None:
        return ChosenRoute(routes=routes)
    host, domain = found
    route, passed_over = find_route(host.routes, stream)
    return ChosenRoute(routes=routes, host=host, domain=domain, route=route, passed_over=passed_over)
