"""Two DestinationRules for one host."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.model.traffic import NO_POLICY, DestinationRule
from loopmesh.model.visibility import Visibility, only
from loopmesh.policies.analysis import policy_problem

Callers = tuple[str, frozenset[tuple[str, str]]]


@dataclass(slots=True)
class _Earlier:
    """Of the rules for one host and the same callers, the first that says something, by where they are exported to."""

    rules: dict[Visibility | None, DestinationRule] = field(default_factory=dict)
    policies: dict[Visibility | None, DestinationRule] = field(default_factory=dict)
    subsets: dict[tuple[Visibility | None, str], DestinationRule] = field(default_factory=dict)

    def add(self, rule: DestinationRule) -> None:
        self.rules.setdefault(rule.visibility, rule)
        if rule.policy != NO_POLICY:
            self.policies.setdefault(rule.visibility, rule)
        for subset in rule.subsets:
            self.subsets.setdefault((rule.visibility, subset.name), rule)

    def at_home_elsewhere(self, rule: DestinationRule) -> DestinationRule | None:
        """One that is exported to other namespaces, and like `rule` to their own."""
        if not _is_at_home(rule):
            return None
        others = (one for visibility, one in self.rules.items() if visibility != rule.visibility)
        return next((one for one in others if _is_at_home(one)), None)


@dataclass(slots=True)
class _Lost:
    """Rules for all callers of their own namespace only, of which Istio makes a part of the one for some of them; the
    first of each sort by namespace and host."""

    for_some: dict[tuple[str, str], DestinationRule] = field(default_factory=dict)
    for_all: dict[tuple[str, str], DestinationRule] = field(default_factory=dict)

    def problems(self, rule: DestinationRule) -> Iterator[Problem]:
        namespace = rule.source.policy.namespace
        if rule.selector is None and rule.visibility != only(namespace):
            return
        own, others = (self.for_all, self.for_some) if rule.selector is None else (self.for_some, self.for_all)
        own.setdefault((namespace, rule.host), rule)
        if found := others.get((namespace, rule.host)):
            text = f"beside {found.source} Istio drops the one without a selector, which is for {namespace} only"
            yield policy_problem(rule.source, f"host {rule.host}", text, "remove `exportTo`, or add a namespace")


def rules_of_one_host(rules: list[DestinationRule]) -> Iterator[Problem]:
    """Istio merges the rules a namespace has for one host and the same callers (`mergeDestinationRule`), and drops what
    the second says once more: a traffic policy, a subset. Of two for other callers of the namespace it drops one.

    Takes time in proportion to the rules, however many one host has.
    """
    known: dict[tuple[str, str, Callers | None], _Earlier] = {}
    lost = _Lost()
    for rule in rules:
        yield from lost.problems(rule)
        earlier = known.setdefault((rule.source.policy.namespace, rule.host, _callers(rule.selector)), _Earlier())
        yield from _dropped(earlier, rule)
        earlier.add(rule)


def _dropped(earlier: _Earlier, rule: DestinationRule) -> Iterator[Problem]:
    value = f"host {rule.host}"
    if found := earlier.at_home_elsewhere(rule):
        yield policy_problem(rule.source, value, _already(found), "export both to the same namespaces")
    if rule.policy != NO_POLICY and (found := earlier.policies.get(rule.visibility)):
        yield policy_problem(rule.source, value, _already(found), "keep the trafficPolicy of one of the two")
    for subset in rule.subsets:
        if found := earlier.subsets.get((rule.visibility, subset.name)):
            there = f"{found.source} has a subset of this name for {rule.host} already"
            yield policy_problem(subset.source, f"subset {subset.name}", there, "rename or remove it")


def _already(found: DestinationRule) -> str:
    return f"{found.source} is for this host already"


def _is_at_home(rule: DestinationRule) -> bool:
    return rule.visibility is None or rule.visibility.includes(rule.source.policy.namespace)


def _callers(selector: WorkloadSelector | None) -> Callers | None:
    return None if selector is None else (selector.namespace, frozenset(selector.labels.items()))
