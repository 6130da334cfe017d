"""Whatever authorization policies say, both control planes decide alike, and as `mesh explain` tells."""

from typing import Any

from hypothesis import HealthCheck, given, settings

from tests.parity.laboratory import Laboratory
from tests.parity.random_authorization import CALLS, as_yaml, policies

EXAMPLES = 40


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(documents=policies())
def test_random_policies_are_decided_alike(
    laboratories: dict[str, Laboratory], documents: list[dict[str, Any]]
) -> None:
    decided = {}
    for plane, laboratory in laboratories.items():
        laboratory.apply(as_yaml(documents))
        seen, untold = laboratory.observe(CALLS, as_yaml(documents))
        assert untold == []
        decided[plane] = [one.status for one in seen]
    assert decided["loopmesh"] == decided["istio"]
    assert {200, 401, 403}.issuperset(decided["istio"])
