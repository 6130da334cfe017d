"""What policies say against each other: two of them for one host, where Istio would use or merge them its own way."""

from collections.abc import Iterator, Set

from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import Problem
from loopmesh.model.routing import MESH_GATEWAY, Routing
from loopmesh.model.traffic import DestinationRule


def check_conflicts(policies: Policies, *, broken: Set[PolicyName]) -> Iterator[Problem]:
    """A problem for each policy that meets an earlier one; broken policies conflict with nothing."""
    yield from _rules_of_one_host([one for one in policies.destination_rules if one.source.policy not in broken])
    in_mesh = [one for one in policies.routings if MESH_GATEWAY in one.gateways and one.source.policy not in broken]
    yield from _routes_of_one_host(in_mesh)


def _rules_of_one_host(rules: list[DestinationRule]) -> Iterator[Problem]:
    """Istio would add the second's subsets to the first and drop its traffic policy (`mergeDestinationRule`)."""
    first: dict[str, DestinationRule] = {}
    for rule in rules:
        earlier = first.setdefault(rule.host, rule)
        if earlier is not rule:
            yield _conflict(rule.source, rule.host, earlier.source, "write both in one DestinationRule")


def _routes_of_one_host(routings: list[Routing]) -> Iterator[Problem]:
    """Sidecars would use the first, never the second (analysis message IST0109); a wildcard may stand beside a host."""
    first: dict[str, Routing] = {}
    for routing in routings:
        for host in routing.hosts:
            earlier = first.setdefault(host, routing)
            if earlier is not routing:
                yield _conflict(routing.source, host, earlier.source, "write both in one VirtualService")


def _conflict(source: Source, host: str, earlier: Source, remedy: str) -> Problem:
    rule = f"{earlier} is for this host already"
    return Problem(origin=source.origin, value=f"{source.policy}: host {host}", rule=rule, remedy=remedy)
