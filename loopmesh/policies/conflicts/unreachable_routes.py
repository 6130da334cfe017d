"""Routes that no request can reach, because an earlier one of the same VirtualService takes all of theirs."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace

from loopmesh.model.problem import Problem
from loopmesh.model.routes.request_match import RequestMatch
from loopmesh.model.routing import Route, Routing
from loopmesh.policies.conflicts.problem import conflict

REMEDY = "move it up, or remove it"


def unreachable_routes(routing: Routing) -> Iterator[Problem]:
    """What follows a route without matches, and routes whose every match stands in an earlier one (Istio's analysis
    message IST0130, `analyzeUnreachableHTTPRules`)."""
    catch_all: Route | None = None
    seen: dict[str, Route] = {}
    for number, route in enumerate(routing.routes):
        name = route.name or f"#{number}"
        if catch_all is not None:
            rule = f"the route at {catch_all.source.origin} takes every request before it"
            yield conflict(route.source, f"http route {name}", rule, REMEDY)
        elif not route.matches:
            catch_all = route
        else:
            earlier = [seen.setdefault(_conditions(match), route) for match in route.matches]
            if all(one is not route for one in earlier):
                rule = f"the route at {earlier[0].source.origin} has its matches before it"
                yield conflict(route.source, f"http route {name}", rule, REMEDY)


def _conditions(match: RequestMatch) -> str:
    """The same text for matches that differ in their names only."""
    return json.dumps(asdict(replace(match, name="")), sort_keys=True)
