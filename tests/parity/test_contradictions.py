"""An explanation that names another rule than the one that decided does not pass the parity cases."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from loopmesh.simulate import Call as Explanation
from loopmesh.simulate.check import Check
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.outbound import Matched
from loopmesh.simulate.retry import NO_RETRY
from tests.parity.case import Call, Expectation
from tests.parity.contradictions import contradictions
from tests.parity.decision import Decision
from tests.parity.laboratory import Laboratory
from tests.parity.places import misplaced

POLICIES = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: server, namespace: lab}
spec:
  host: server
  subsets: [{name: v2, labels: {version: v2}}, {name: v3, labels: {version: v3}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: server, namespace: lab}
spec:
  hosts: [server]
  http:
  - match: [{headers: {x-tester: {exact: "yes"}}}]
    name: testers
    route: [{destination: {host: server, subset: v2}}]
    timeout: 4s
    retries: {attempts: 2, retryOn: 5xx}
  - route: [{destination: {host: server, subset: v3}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: server, namespace: lab}
spec:
  selector: {matchLabels: {app: server}}
  rules:
  - to: [{operation: {methods: [POST]}}]
  - to: [{operation: {methods: [GET]}}]
"""
CALL = Call(
    call="GET http://server:8000/",
    headers={"x-tester": "yes", "x-lab-fail": "503*2"},
    expect=Expectation(status=200),
)


@pytest.fixture(scope="module")
def watched(loopmesh_laboratory: Laboratory) -> tuple[Explanation, list[Decision]]:
    """What is told of the call, and what the proxies say."""
    loopmesh_laboratory.apply(POLICIES)
    return loopmesh_laboratory.watch(CALL)


def with_route(told: Explanation, change: Callable[[Matched], Matched]) -> Explanation:
    assert told.outbound.matched
    return replace(told, outbound=replace(told.outbound, matched=change(told.outbound.matched)))


def with_checks(told: Explanation, change: Callable[[Check], Check]) -> Explanation:
    (landing,) = told.landings
    (instance,) = landing.instances
    assert instance.inbound
    inbound = replace(instance.inbound, checks=tuple(map(change, instance.inbound.checks)))
    return replace(told, landings=(replace(landing, instances=(replace(instance, inbound=inbound),)),))


def elsewhere(rule: Rule | None, place: str) -> Rule:
    assert rule
    return replace(rule, place=place)


WRONG: dict[str, tuple[Callable[[Explanation], Explanation], str]] = {
    "route": (
        lambda told: with_route(told, lambda one: replace(one, rule=elsewhere(one.rule, "spec.http[1]"))),
        "explained with the route of VirtualService lab/server spec.http[1]",
    ),
    "name": (lambda told: with_route(told, lambda one: replace(one, name="others")), "not 'testers'"),
    "retries": (lambda told: with_route(told, lambda one: replace(one, retry=NO_RETRY)), "0 retries, not with 3 tries"),
    "destination": (
        lambda told: replace(
            told, landings=tuple(replace(one, name="outbound|8000|v3|server") for one in told.landings)
        ),
        "explained as going to ['outbound|8000|v3|server']",
    ),
    "authorization": (
        lambda told: with_checks(told, lambda one: replace(one, decided_by=one.rules[0])),
        "explained with the authorization rule ns[lab]-policy[server]-rule[0]",
    ),
    "identity": (
        lambda told: replace(told, spiffe_id="spiffe://a/ns/b/sa/c"),
        "explained as a call of spiffe://a/ns/b/sa/c",
    ),
}


def test_what_is_told_is_what_the_proxies_say(watched: tuple[Explanation, list[Decision]]) -> None:
    told, said = watched
    assert {one.instance for one in said} == {"client-v1-0", "server-v2-0"}
    assert list(contradictions(told, said)) == []


@pytest.mark.parametrize("wrong", WRONG)
def test_another_rule_contradicts_the_proxies(watched: tuple[Explanation, list[Decision]], wrong: str) -> None:
    told, said = watched
    change, words = WRONG[wrong]
    assert any(words in line for line in contradictions(change(told), said))


def test_a_timeout_that_is_another_contradicts_the_proxies(loopmesh_laboratory: Laboratory) -> None:
    loopmesh_laboratory.apply(POLICIES)
    told, said = loopmesh_laboratory.watch(replace(CALL, headers={"x-tester": "yes"}))
    wrong = with_route(told, lambda one: replace(one, timeout_ms=5000))
    assert list(contradictions(told, said)) == []
    assert any("explained with the timeouts [5000, 0] ms, not 4000" in line for line in contradictions(wrong, said))


def test_a_rule_that_is_told_at_another_line_is_noticed(watched: tuple[Explanation, list[Decision]]) -> None:
    told, _ = watched
    assert told.outbound.matched
    rule = told.outbound.matched.rule
    assert rule
    (line,) = misplaced({}, {rule}, POLICIES, "")
    assert line == "VirtualService lab/server spec.http[0] is told to stand at None, and stands at line 15"
