"""Whatever EnvoyFilters say, both control planes make the same of it and answer alike, as `mesh explain` tells."""

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, assume, given, settings

from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import PolicySet, check_policies, read_application
from tests.parity.generator import Verifier
from tests.parity.laboratory import Laboratory, NotAcceptedError
from tests.parity.random_patches import BESIDE, CALLS, envoy_filters
from tests.parity.random_routing import as_yaml

APPLICATION = read_application(Path(__file__).with_name("lab") / "values.yaml")
REGISTRY_ONLY = "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"
"""A service whose virtual host is taken away is reached by its address on a cluster, else."""
CALLED, COMPARED = 6, 60
UNHEALTHY = [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow]


@settings(max_examples=COMPARED, deadline=None, derandomize=True, suppress_health_check=UNHEALTHY)
@given(documents=envoy_filters())
def test_random_patches_mean_the_same(verifier: Verifier, documents: list[dict[str, Any]]) -> None:
    policies = BESIDE + as_yaml(documents)
    assume(_is_taken(policies))
    assert verifier.undeclared(APPLICATION, [("policies.yaml", policies)]) == []


@settings(max_examples=CALLED, deadline=None, derandomize=True, suppress_health_check=UNHEALTHY)
@given(documents=envoy_filters())
def test_random_patches_are_answered_alike(
    laboratories: dict[str, Laboratory], documents: list[dict[str, Any]]
) -> None:
    policies = BESIDE + as_yaml(documents)
    assume(_is_taken(policies))
    answers = {plane: _answers(laboratory, policies) for plane, laboratory in laboratories.items()}
    assert answers["loopmesh"] == answers["istio"]


def _is_taken(policies: str) -> bool:
    """Some patches do nothing, which loopmesh refuses."""
    try:
        check_policies(PolicySet.parse([("policies.yaml", policies.encode())], "lab"), APPLICATION)
    except InvalidInputError:
        return False
    return True


def _answers(laboratory: Laboratory, policies: str) -> list[tuple[object, ...]]:
    """Empty where a proxy does not take the patches, such as a filter after the last one."""
    try:
        laboratory.apply(policies, REGISTRY_ONLY)
    except NotAcceptedError:
        return []
    seen, untold = laboratory.observe(CALLS, policies)
    assert untold == []
    return [(one.status, one.answered_by.rpartition("-")[0], one.seen.get("x-a"), one.refused) for one in seen]
