"""Whatever VirtualServices and DestinationRules say, both control planes answer alike, as `mesh explain` tells, and
mean the same."""

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, assume, given, settings

from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import PolicySet, check_policies, read_application
from tests.parity.generator import Verifier
from tests.parity.laboratory import Laboratory
from tests.parity.observation import Observation
from tests.parity.random_routing import CALLS, as_yaml, policies

APPLICATION = read_application(Path(__file__).with_name("lab") / "values.yaml")
CALLED, COMPARED = 25, 60
UNHEALTHY = [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]


@settings(max_examples=CALLED, deadline=None, derandomize=True, suppress_health_check=UNHEALTHY)
@given(documents=policies())
def test_random_policies_are_answered_alike(
    laboratories: dict[str, Laboratory], documents: list[dict[str, Any]]
) -> None:
    assume(_is_taken(documents))
    answers = {}
    for plane, laboratory in laboratories.items():
        laboratory.apply(as_yaml(documents))
        seen, untold = laboratory.observe(CALLS, as_yaml(documents))
        assert untold == []
        answers[plane] = list(map(_what_counts, seen))
    assert answers["loopmesh"] == answers["istio"]


@settings(max_examples=COMPARED, deadline=None, derandomize=True, suppress_health_check=UNHEALTHY)
@given(documents=policies())
def test_random_policies_mean_the_same(verifier: Verifier, documents: list[dict[str, Any]]) -> None:
    assume(_is_taken(documents))
    assert verifier.undeclared(APPLICATION, [("policies.yaml", as_yaml(documents))]) == []


def _is_taken(documents: list[dict[str, Any]]) -> bool:
    """Random routes are now and then unreachable, which loopmesh refuses."""
    try:
        check_policies(PolicySet.parse([("policies.yaml", as_yaml(documents).encode())], "lab"), APPLICATION)
    except InvalidInputError:
        return False
    return True


def _what_counts(seen: Observation) -> dict[str, object]:
    """What does not depend on which of a version's instances answered."""
    return {
        "status": seen.status,
        "version": seen.answered_by.rpartition("-")[0],
        "peer": seen.peer,
        "path": seen.seen.get(":path"),
        "set": seen.seen.get("x-set"),
        "location": seen.response.get("location"),
        "body": "" if seen.request else seen.body,
    }
