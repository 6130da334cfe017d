"""VirtualServices that others delegate to must be there, and those without hosts must be delegated to."""

import difflib
from collections.abc import Iterator, Set

from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import Problem
from loopmesh.model.routing import Route, Routing

MOST_CONDITIONS = 50_000
"""Delegation multiplies matches; no VirtualService without it could hold as many, by its size."""
MOST_CANDIDATES = 200
"""Among more nobody is told what may have been meant, for comparing each name with each takes long."""


def check_delegation(policies: Policies, *, broken: Set[PolicyName], complete: bool) -> Iterator[Problem]:
    """Nothing is said to be missing that a broken policy, or a file that could not be read, may hold."""
    routings = {routing.name: routing for routing in policies.routings}
    asked = {route.delegate for routing in policies.routings for route in routing.routes}
    may_be_asked = not complete or bool({routing.source.policy for routing in policies.routings} & broken)
    for routing in policies.routings:
        if routing.source.policy in broken:
            continue
        if not routing.hosts and routing.name not in asked and not may_be_asked:
            rule = "it has no `hosts`, and no VirtualService delegates to it"
            yield _problem(routing.source, "hosts", rule, "add the host the routes are for")
        for route in routing.routes:
            yield from _delegate(routing, route, routings, complete=complete)
        count = sum(_conditions(route, routings) for route in routing.routes)
        if count > MOST_CONDITIONS:
            rule = f"with what it delegates to it has {count} matches, and at most {MOST_CONDITIONS} are supported"
            yield _problem(routing.source, "http", rule, "delegate from fewer routes, or match less in each")


def _delegate(routing: Routing, route: Route, routings: dict[str, Routing], *, complete: bool) -> Iterator[Problem]:
    name = route.delegate
    if name is None:
        return
    found = routings.get(name)
    if not routing.hosts:
        rule = "what others delegate to does not delegate itself"
        yield _problem(route.source, f"delegate {name}", rule, "write the routes here")
    elif found is None and complete:
        close = difflib.get_close_matches(name, routings, n=1) if len(routings) <= MOST_CANDIDATES else []
        remedy = f"did you mean {close[0]}?" if close else "add it, without `hosts`"
        yield _problem(route.source, f"delegate {name}", "there is no such VirtualService", remedy)
    elif found is not None and not _is_exported(found, routing):
        rule = f"{found.source} is not exported to {routing.source.policy.namespace}"
        yield _problem(route.source, f"delegate {name}", rule, "add the namespace to its `exportTo`")
    elif found is not None and found.hosts:
        rule = f"{found.source} has hosts of its own"
        yield _problem(route.source, f"delegate {name}", rule, "remove its `hosts`, or write the routes here")


def _conditions(route: Route, routings: dict[str, Routing]) -> int:
    """Each match of the delegate counts within each of the route."""
    outer = max(1, len(route.matches))
    found = routings.get(route.delegate) if route.delegate else None
    return outer * (sum(max(1, len(one.matches)) for one in found.routes) if found else 1)


def _is_exported(found: Routing, asking: Routing) -> bool:
    return found.visibility is None or found.visibility.includes(asking.source.policy.namespace)


def _problem(source: Source, value: str, rule: str, remedy: str) -> Problem:
    return Problem(origin=source.origin, value=f"{source.policy}: {value}", rule=rule, remedy=remedy)
