"""Two DestinationRules for one host."""

from collections.abc import Iterator

from loopmesh.model.problem import Problem
from loopmesh.model.traffic import DestinationRule
from loopmesh.policies.conflicts.problem import conflict


def rules_of_one_host(rules: list[DestinationRule]) -> Iterator[Problem]:
    """Istio would add the second's subsets to the first and drop its traffic policy (`mergeDestinationRule`)."""
    first: dict[str, DestinationRule] = {}
    for rule in rules:
        earlier = first.setdefault(rule.host, rule)
        if earlier is not rule:
            already = f"{earlier.source} is for this host already"
            yield conflict(rule.source, f"host {rule.host}", already, "write both in one DestinationRule")
