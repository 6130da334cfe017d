"""Routes that another routing says, put where they are asked for (Istio `MergeHTTPRoutes`)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from loopmesh.compile.routes.narrowing import narrowed
from loopmesh.model.routes.mirror import Mirroring
from loopmesh.model.routes.request_match import RequestMatch
from loopmesh.model.routing import Route, Routing

Value = TypeVar("Value")


def delegated(routings: Iterable[Routing]) -> tuple[Routing, ...]:
    """The routings that have hosts, without any delegation left."""
    known = list(routings)
    delegates = {routing.name: routing for routing in known if not routing.hosts}
    return tuple(_resolved(routing, delegates) for routing in known if routing.hosts)


def _resolved(routing: Routing, delegates: Mapping[str, Routing]) -> Routing:
    if not any(route.delegate for route in routing.routes):
        return routing
    return replace(routing, routes=tuple(_routes(routing, delegates)))


def _routes(routing: Routing, delegates: Mapping[str, Routing]) -> Iterator[Route]:
    for route in routing.routes:
        if route.delegate is None:
            yield route
        elif route.delegate in delegates:
            for own in delegates[route.delegate].routes:
                matches = _matches(route.matches, own.matches)
                if matches is not None:
                    yield _merged(route, own, matches)


def _matches(outer: tuple[RequestMatch, ...], own: tuple[RequestMatch, ...]) -> tuple[RequestMatch, ...] | None:
    """Each of the delegate's within each of the outer ones that leaves it room; None if one finds no room at all."""
    if not outer or not own:
        return outer or own
    found: list[RequestMatch] = []
    for match in own:
        fitting = [one for one in (narrowed(wide, match) for wide in outer) if one is not None]
        if not fitting:
            return None
        found += fitting
    return tuple(found)


def _merged(outer: Route, own: Route, matches: tuple[RequestMatch, ...]) -> Route:
    """What the delegate does not say, the outer route says."""
    return replace(
        own,
        name="-".join(name for name in (outer.name, own.name) if name),
        matches=matches,
        rewrite=_own(own.rewrite, outer.rewrite),
        direct_response=_own(own.direct_response, outer.direct_response),
        timeout_ms=_own(own.timeout_ms, outer.timeout_ms),
        retry=_own(own.retry, outer.retry),
        fault=_own(own.fault, outer.fault),
        mirroring=_mirroring(outer.mirroring, own.mirroring),
        cors=_own(own.cors, outer.cors),
        headers=_own(own.headers, outer.headers),
    )


def _mirroring(outer: Mirroring, own: Mirroring) -> Mirroring:
    """Each part by itself: copies of both routes are sent, and a share said outside holds for a mirror said inside."""
    return Mirroring(
        single=_own(own.single, outer.single),
        percent=_own(own.percent, outer.percent),
        whole_percent=_own(own.whole_percent, outer.whole_percent),
        several=own.several or outer.several,
    )


def _own(own: Value | None, outer: Value | None) -> Value | None:
    return outer if own is None else own
