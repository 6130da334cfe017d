"""Routes that no request and no connection can reach, because earlier ones of the same VirtualService take all of
theirs."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace

from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import Origin, Problem
from loopmesh.model.routes.request_match import RequestMatch
from loopmesh.model.routes.stream_route import StreamMatch, StreamRoute
from loopmesh.model.routes.text_match import TextMatchKind
from loopmesh.model.routing import Route, Routing
from loopmesh.policies.analysis import Message, policy_problem

REMEDY = "move it up, or remove it"
Match = RequestMatch | StreamMatch
Locate = Callable[[PolicyName, str], Origin | None]
"""Where a place (`spec.http[1]`) of a policy stands."""


def unreachable_routes(routing: Routing, locate: Locate) -> Iterator[Problem]:
    """What follows a route without matches, and matches that stand in an earlier route or within a prefix of one
    (Istio `analyzeUnreachableHTTPRules`, which compares prefixes with prefixes only)."""
    yield from _unreachable("http", routing.routes, locate)
    yield from _unreachable("tcp", routing.tcp_routes, locate)
    yield from _unreachable("tls", routing.tls_routes, locate)


def _unreachable(key: str, routes: Sequence[Route | StreamRoute], locate: Locate) -> Iterator[Problem]:
    what = "request" if key == "http" else "connection"
    catch_all: Route | StreamRoute | None = None
    seen = _Seen()
    for number, route in enumerate(routes):
        value = f"{key} route {_name(route, number)}"
        if catch_all is not None:
            rule = f"the route at {catch_all.source.origin} takes every {what} before it"
            yield policy_problem(route.source, value, rule, REMEDY, message=Message.UNREACHABLE_ROUTE)
        elif not route.matches:
            catch_all = route
        else:
            earlier = [seen.earlier(match, route.source.origin) for match in route.matches]
            yield from _ineffective(value, route, earlier, locate)
            if all(earlier):
                rule = f"the route at {earlier[0]} has its matches before it"
                yield policy_problem(route.source, value, rule, REMEDY, message=Message.UNREACHABLE_ROUTE)


def _ineffective(
    value: str, route: Route | StreamRoute, earlier: Sequence[Origin | None], locate: Locate
) -> Iterator[Problem]:
    for number, before in enumerate(earlier):
        if before is not None:
            origin = locate(route.source.policy, f"{route.source.place}.match[{number}]")
            rule = f"the route at {before} takes all it would take"
            at = f"{value}: match {_name(route.matches[number], number)}"
            yield policy_problem(route.source, at, rule, REMEDY, message=Message.INEFFECTIVE_MATCH, origin=origin)


def _name(named: Route | StreamRoute | Match, number: int) -> str:
    return getattr(named, "name", "") or f"#{number}"


class _Seen:
    """Where matches and prefixes stand first, so that asking costs the same however many there are."""

    def __init__(self) -> None:
        self._matches: dict[str, Origin] = {}
        self._prefixes: dict[str, dict[str, Origin]] = {}
        self._lengths: set[int] = set()

    def earlier(self, match: Match, origin: Origin) -> Origin | None:
        """The earlier route that takes all the match would take; from now on the match is one of them."""
        conditions = _conditions(match)
        if conditions in self._matches:
            return self._matches[conditions]
        self._matches[conditions] = origin
        return self._within(match, origin) if isinstance(match, RequestMatch) else None

    def _within(self, match: RequestMatch, origin: Origin) -> Origin | None:
        """Of a prefix with the same other conditions, or with none."""
        path = match.path
        if path is None or match.ignore_path_case or path.kind not in (TextMatchKind.EXACT, TextMatchKind.PREFIX):
            return None
        others = _conditions(replace(match, path=None))
        found: Origin | None = None
        for prefixes in (self._prefixes.get(others, {}), self._prefixes.get(NO_CONDITION, {})):
            starts = (path.value[:length] for length in self._lengths if length <= len(path.value))
            found = found or next((prefixes[start] for start in starts if start in prefixes), None)
        if path.kind is TextMatchKind.PREFIX:
            self._prefixes.setdefault(others, {}).setdefault(path.value, origin)
            self._lengths.add(len(path.value))
        return found


def _conditions(match: Match) -> str:
    """The same text for matches that differ in their names only."""
    nameless = replace(match, name="") if isinstance(match, RequestMatch) else match
    return json.dumps(asdict(nameless), sort_keys=True)


NO_CONDITION = _conditions(RequestMatch())
