"""What is said of policies that are not in force: what they would have done, and that nothing else stops the call."""

import pytest

from loopmesh.cli.explain.rows import rows
from loopmesh.cli.explain.surroundings import Surroundings
from loopmesh.simulate import Verdict
from tests.simulate.compiled_mesh import lab


def policy(name: str, said: str, annotations: str = "") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {name}, annotations: {{{annotations}}}}}
spec: {{selector: {{matchLabels: {{app: web}}}}, {said}}}
"""


def dry_run(said: str) -> str:
    return policy("tried", said, 'istio.io/dry-run: "true"')


@pytest.mark.parametrize(
    ("said", "would"),
    [
        ("action: DENY, rules: [{}]", "would be denied"),
        ("action: DENY, rules: [{to: [{operation: {paths: [/b]}}]}]", "would be allowed: no rule denies it"),
        ("rules: [{to: [{operation: {paths: [/a]}}]}]", "would be allowed"),
        ("rules: [{to: [{operation: {paths: [/b]}}]}]", "would be denied: no rule allows it"),
    ],
)
def test_a_dry_run_is_told_and_stops_nothing(said: str, would: str) -> None:
    call = lab(dry_run(said)).get("client", "web:8000", "/a")
    assert {outcome.verdict for outcome in call.outcomes} == {Verdict.REACHES}
    told = {(row.label, row.text) for row in rows(call, Surroundings()) if row.label in ("dry run", "authorization")}
    assert told == {("dry run", would), ("authorization", "allowed: no policy is in force")}


def test_what_is_in_force_holds_beside_a_dry_run() -> None:
    call = lab(dry_run("rules: [{}]"), policy("web", "action: DENY, rules: [{}]")).get("client", "web:8000", "/a")
    assert {outcome.verdict for outcome in call.outcomes} == {Verdict.DENIED}
