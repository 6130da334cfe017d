"""Where the rules a call meets stand in the user's files."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.client import QUICK_S, running_mesh
from loopmesh.cli.rule_names import rule_name
from loopmesh.model.problem import Origin
from loopmesh.simulate import Call
from loopmesh.simulate.check import Check
from loopmesh.simulate.origin import Rule

Places = Mapping[Rule, Origin]


def rules_of(call: Call) -> set[Rule]:
    """Every rule the explanation of a call may name."""
    return {rule for rule in _rules(call) if rule is not None}


def _rules(call: Call) -> Iterator[Rule | None]:
    outbound = call.outbound
    if outbound.matched is not None:
        yield from (outbound.matched.rule, outbound.matched.retry.rule, outbound.matched.refuses_unknown)
    yield from (passed.rule for passed in outbound.passed_over)
    yield from _rules_of_checks(outbound.checks)
    for landing in call.landings:
        if landing.cluster is not None:
            yield from (landing.cluster.rule, landing.cluster.host)
        for inbound in (instance.inbound for instance in landing.instances if instance.inbound):
            yield inbound.rule
            yield from _rules_of_checks(inbound.checks)


def _rules_of_checks(checks: Iterable[Check]) -> Iterator[Rule | None]:
    for check in checks:
        for result in check.rules:
            yield from (result.rule, result.policy)


def find_places(state: Path, rules: Iterable[Rule]) -> dict[Rule, Origin]:
    """Those the running mesh knows. Raises CommandError."""
    asked = sorted(rules, key=str)
    names = [rule_name(rule.policy, rule.place) for rule in asked]
    with running_mesh(state) as stub:
        answer = stub.LocateRules(admin_pb2.LocateRulesRequest(rules=names), timeout=QUICK_S)
    found = zip(asked, answer.origins, strict=True)
    return {rule: Origin(file=one.file, line=one.line) for rule, one in found if one.file}


def named(rule: Rule, places: Places) -> str:
    """`DestinationRule shop/catalog (istio/catalog/destinationrule.yaml:12)`."""
    place = places.get(rule)
    return f"{rule.policy} ({place})" if place else str(rule)
