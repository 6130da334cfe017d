"""Whatever is said of hosts, sidecars, gateways, who must show what and what is told, both control planes make the same
of it."""

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, assume, given, settings

from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import PolicySet, check_policies, read_application
from tests.parity.generator import Verifier
from tests.parity.random_mesh import MESH_CONFIG, policies
from tests.parity.random_routing import as_yaml

APPLICATION = read_application(Path(__file__).with_name("lab") / "values.yaml")
COMPARED = 60
UNHEALTHY = [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow]


@settings(max_examples=COMPARED, deadline=None, derandomize=True, suppress_health_check=UNHEALTHY)
@given(documents=policies())
def test_random_policies_of_the_other_kinds_mean_the_same(verifier: Verifier, documents: list[dict[str, Any]]) -> None:
    files = [("policies.yaml", as_yaml(documents)), ("meshconfig.yaml", MESH_CONFIG)]
    assume(_are_taken(files))
    assert verifier.undeclared(APPLICATION, files) == []


def _are_taken(files: list[tuple[str, str]]) -> bool:
    """What refers to nothing, or says one thing twice, is refused."""
    try:
        check_policies(PolicySet.parse([(name, text.encode()) for name, text in files], "lab"), APPLICATION)
    except InvalidInputError:
        return False
    return True
