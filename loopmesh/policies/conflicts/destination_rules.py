"""Two DestinationRules for one host."""

from collections.abc import Iterator

from loopmesh.model.problem import Problem
from loopmesh.model.traffic import NO_POLICY, DestinationRule
from loopmesh.policies.analysis import policy_problem


def rules_of_one_host(rules: list[DestinationRule]) -> Iterator[Problem]:
    """Istio merges the rules a namespace has for one host and the same callers (`mergeDestinationRule`), and drops what
    the second says once more: a traffic policy, a subset. Of two for other callers of the namespace it drops one."""
    known: dict[tuple[str, str], list[DestinationRule]] = {}
    for rule in rules:
        earlier_ones = known.setdefault((rule.source.policy.namespace, rule.host), [])
        for earlier in earlier_ones:
            yield from _dropped(earlier, rule)
        earlier_ones.append(rule)


def _dropped(earlier: DestinationRule, rule: DestinationRule) -> Iterator[Problem]:
    if earlier.selector != rule.selector:
        return
    already, value = f"{earlier.source} is for this host already", f"host {rule.host}"
    if earlier.visibility != rule.visibility:
        home = rule.source.policy.namespace
        if all(one.visibility is None or one.visibility.includes(home) for one in (earlier, rule)):
            yield policy_problem(rule.source, value, already, "export both to the same namespaces")
        return
    if NO_POLICY not in (earlier.policy, rule.policy):
        yield policy_problem(rule.source, value, already, "keep the trafficPolicy of one of the two")
    names = {subset.name for subset in earlier.subsets}
    for subset in rule.subsets:
        if subset.name in names:
            there = f"{earlier.source} has a subset of this name for {rule.host} already"
            yield policy_problem(subset.source, f"subset {subset.name}", there, "rename or remove it")
