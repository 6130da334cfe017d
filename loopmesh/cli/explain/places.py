"""Where the rules a call meets stand in the user's files."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.client import QUICK_S, running_mesh
from loopmesh.cli.explain.patches import Patches
from loopmesh.cli.rule_names import rule_name
from loopmesh.model.problem import Origin
from loopmesh.simulate import Call
from loopmesh.simulate.check import Check, RuleResult
from loopmesh.simulate.origin import Rule

Places = Mapping[Rule, Origin]
NO_PATCHES = Patches()


def rules_of(call: Call, patches: Patches = NO_PATCHES) -> set[Rule]:
    """Every rule the explanation of a call may name."""
    ending = {rule for outcome in call.outcomes for rule in patches.ending(call, outcome)}
    return ending | {rule for rule in _rules(call) if rule is not None}


def _rules(call: Call) -> Iterator[Rule | None]:
    outbound = call.outbound
    if outbound.matched is not None:
        matched = outbound.matched
        yield from (matched.rule, matched.timeout_rule, matched.retry.rule, matched.refuses_unknown)
    yield from (passed.rule for passed in outbound.passed_over)
    yield from _rules_of_checks(outbound.checks)
    for landing in call.landings:
        if landing.cluster is not None:
            facts = landing.cluster
            yield from (facts.rule, facts.host, facts.balancing_rule, facts.limits_rule, facts.ejection_rule)
        for inbound in (instance.inbound for instance in landing.instances if instance.inbound):
            yield inbound.rule
            yield from _rules_of_checks(inbound.checks)


def fields_of(call: Call) -> set[Rule]:
    """Where unmet conditions of authorization rules may stand, of those that the proxies' configuration does not tell
    apart."""
    inbounds = (one.inbound for landing in call.landings for one in landing.instances if one.inbound)
    checks = (*call.outbound.checks, *(check for inbound in inbounds for check in inbound.checks))
    return {place for check in checks for result in check.rules for place in _fields(result)}


def _fields(result: RuleResult) -> Iterator[Rule]:
    for condition in (*result.unmet.caller, *result.unmet.operation):
        if result.rule is not None and len(condition.fields) > 1:
            yield from condition.places(result.rule)


def _rules_of_checks(checks: Iterable[Check]) -> Iterator[Rule | None]:
    for check in checks:
        for result in check.rules:
            yield from (result.rule, result.policy)


def find_places(state: Path, rules: Iterable[Rule]) -> dict[Rule, Origin]:
    """Those the running mesh knows. Raises CommandError."""
    found = _located(state, rules)
    return {rule: Origin(file=one.file, line=one.line) for rule, one in found.items() if one.file}


def find_stated(state: Path, places: Collection[Rule]) -> dict[Rule, bool]:
    """Whether the policies of the running mesh say them. Raises CommandError."""
    return {place: one.whole for place, one in _located(state, places).items()} if places else {}


def _located(state: Path, rules: Iterable[Rule]) -> dict[Rule, admin_pb2.RuleOrigin]:
    asked = sorted(rules, key=str)
    names = [rule_name(rule.policy, rule.place) for rule in asked]
    with running_mesh(state) as stub:
        answer = stub.LocateRules(admin_pb2.LocateRulesRequest(rules=names), timeout=QUICK_S)
    return dict(zip(asked, answer.origins, strict=True))


def named(rule: Rule, places: Places) -> str:
    """`DestinationRule shop/catalog (istio/catalog/destinationrule.yaml:12)`."""
    place = places.get(rule)
    return f"{rule.policy} ({place})" if place else str(rule)
