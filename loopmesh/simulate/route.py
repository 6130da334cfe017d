"""The route of a request: the first of its virtual host whose conditions all hold."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from envoy.config.route.v3.route_components_pb2 import Route, RouteMatch

from loopmesh.simulate.dynamic_metadata import matches_metadata
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.fraction import ALL, percent
from loopmesh.simulate.header import matches_header
from loopmesh.simulate.origin import Rule, rule_of
from loopmesh.simulate.path import matches_path
from loopmesh.simulate.query import matches_query
from loopmesh.simulate.stream import Stream
from loopmesh.simulate.words import header_words, metadata_words, path_words, query_words

PSEUDO = ":"
"""Begins the names of what is no header, such as `:method`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A route that stands before the one taken; `unmet` is the first of its conditions that does not hold, `headers`
    are those on headers where nothing else is unmet."""

    name: str
    rule: Rule | None
    unmet: str
    headers: tuple[str, ...] = ()


def find_route(routes: Iterable[Route], stream: Stream) -> tuple[Route | None, tuple[PassedOver, ...]]:
    """No route when none matches: Envoy answers 404 then. Raises NotSimulatedError for one that is left to chance."""
    passed: list[PassedOver] = []
    for route in routes:
        unmet = unmet_condition(route.match, stream)
        if unmet is None:
            return route, tuple(passed)
        headers = _unmet_headers(route.match, stream)
        passed.append(PassedOver(name=route.name, rule=rule_of(route.metadata), unmet=unmet, headers=headers))
    return None, tuple(passed)


def unmet_condition(match: RouteMatch, stream: Stream) -> str | None:
    """In words; None when all hold."""
    return next((words() for holds, words in _conditions(match, stream) if not holds), None)


def _unmet_headers(match: RouteMatch, stream: Stream) -> tuple[str, ...]:
    """In words; none where something else does not hold, either."""
    unmet = [one for one in match.headers if one.name[0] != PSEUDO and not matches_header(one, stream.request)]
    if not unmet:
        return ()
    rest = RouteMatch()
    rest.CopyFrom(match)
    rest.ClearField("runtime_fraction")
    rest.ClearField("headers")
    rest.headers.extend(one for one in match.headers if one.name[0] == PSEUDO)
    return tuple(map(header_words, unmet)) if unmet_condition(rest, stream) is None else ()


def _conditions(match: RouteMatch, stream: Stream) -> Iterator[tuple[bool, Callable[[], str]]]:
    """Whether each holds, and how to say it: most are never said."""
    request = stream.request
    yield matches_path(match, stream), partial(path_words, match)
    yield not match.HasField("grpc") or request.is_grpc, lambda: "the request is gRPC"
    for header in match.headers:
        yield matches_header(header, request), partial(header_words, header)
    for query in match.query_parameters:
        yield matches_query(query, request), partial(query_words, query)
    for said in match.dynamic_metadata:
        yield matches_metadata(said, stream.metadata), partial(metadata_words, said)
    yield _takes_all(match), lambda: "the share of requests it takes is not 0"


def _takes_all(match: RouteMatch) -> bool:
    if not match.HasField("runtime_fraction"):
        return True
    share = percent(match.runtime_fraction.default_value)
    if share in (0, ALL):
        return share == ALL
    raise NotSimulatedError(f"a route that takes {share:g}% of its requests")
