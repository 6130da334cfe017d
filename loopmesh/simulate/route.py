"""The route of a request: the first of its virtual host whose conditions all hold."""

from collections.abc import Iterable, Iterator

from envoy.config.route.v3.route_components_pb2 import Route, RouteMatch

from loopmesh.simulate.dynamic_metadata import matches_metadata
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.fraction import ALL, percent
from loopmesh.simulate.header import matches_header
from loopmesh.simulate.path import matches_path
from loopmesh.simulate.query import matches_query
from loopmesh.simulate.stream import Stream


def find_route(routes: Iterable[Route], stream: Stream) -> Route | None:
    """None when none matches: Envoy answers 404 then."""
    return next((route for route in routes if matches_route(route.match, stream)), None)


def matches_route(match: RouteMatch, stream: Stream) -> bool:
    """Raises NotSimulatedError for a condition that is left to chance."""
    return matches_path(match, stream) and all(_conditions(match, stream)) and _takes_all(match)


def _conditions(match: RouteMatch, stream: Stream) -> Iterator[bool]:
    request = stream.request
    yield not match.HasField("grpc") or request.is_grpc
    yield from (matches_header(condition, request) for condition in match.headers)
    yield from (matches_query(condition, request) for condition in match.query_parameters)
    yield from (matches_metadata(condition, stream.metadata) for condition in match.dynamic_metadata)


def _takes_all(match: RouteMatch) -> bool:
    if not match.HasField("runtime_fraction"):
        return True
    share = percent(match.runtime_fraction.default_value)
    if share in (0, ALL):
        return share == ALL
    raise NotSimulatedError(f"a route that takes {share:g}% of its requests")
