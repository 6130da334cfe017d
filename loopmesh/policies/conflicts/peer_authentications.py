"""Two PeerAuthentications at one level."""

from collections.abc import Iterator

from loopmesh.model.application import Application
from loopmesh.model.problem import Problem, Severity
from loopmesh.model.security import PeerAuthentication
from loopmesh.policies.analysis import policy_problem
from loopmesh.policies.selected import second_ones, versions

REMEDY = "write both in one PeerAuthentication"


def peers_of_one_level(policies: list[PeerAuthentication], application: Application) -> Iterator[Problem]:
    """A warning: Istio heeds the oldest of them alone, with all it says (`ComposePeerAuthentication`)."""
    for policy, earlier, what in second_ones(policies, versions(application)):
        rule = f"{earlier.source} holds for it already, and Istio heeds the oldest alone"
        yield policy_problem(policy.source, f"of {what}", rule, REMEDY, severity=Severity.WARNING)
