"""Where the rules a call meets stand in the user's files, and what they say there."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.client import QUICK_S, running_mesh
from loopmesh.cli.explain.patches import Patches
from loopmesh.cli.explain.stated import Said, asked_places
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
        yield from (matched.rule, matched.timeout_rule, matched.retry.rule)
    yield outbound.refuses_unknown
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
    """Where unmet conditions of authorization rules may be stated."""
    inbounds = (one.inbound for landing in call.landings for one in landing.instances if one.inbound)
    checks = (*call.outbound.checks, *(check for inbound in inbounds for check in inbound.checks))
    return {place for check in checks if not check.passed for result in check.rules for place in _fields(result)}


def _fields(result: RuleResult) -> Iterator[Rule]:
    for condition in (*result.unmet.caller, *result.unmet.operation):
        if result.rule is not None:
            yield from asked_places(condition, result.rule)


def _rules_of_checks(checks: Iterable[Check]) -> Iterator[Rule | None]:
    for check in checks:
        for result in check.rules:
            yield from (result.rule, result.policy)


def find_places(state: Path, rules: Iterable[Rule], call: Call | None = None) -> tuple[Places, Said]:
    """Of the rules those the running mesh knows, and what it says where conditions of the call may be stated. Raises
    CommandError."""
    asked = sorted(rules, key=str)
    fields = sorted(fields_of(call), key=str) if call else []
    request = admin_pb2.LocateRulesRequest(rules=map(_name, asked), fields=map(_name, fields))
    with running_mesh(state) as stub:
        answer = stub.LocateRules(request, timeout=QUICK_S)
    origins = zip(asked, answer.origins, strict=True)
    said = zip(fields, answer.said, strict=True)
    return (
        {rule: Origin(file=one.file, line=one.line) for rule, one in origins if one.file},
        {field: json.loads(text) for field, text in said if text},
    )


def _name(rule: Rule) -> admin_pb2.RuleName:
    return rule_name(rule.policy, rule.place)


def named(rule: Rule, places: Places) -> str:
    """`DestinationRule shop/catalog (istio/catalog/destinationrule.yaml:12)`."""
    place = places.get(rule)
    return f"{rule.policy} ({place})" if place else str(rule)
