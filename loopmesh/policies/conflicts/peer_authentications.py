"""Two PeerAuthentications at one level."""

from collections.abc import Iterator

from loopmesh.model.application import Application
from loopmesh.model.problem import Problem, Severity
from loopmesh.model.security import PeerAuthentication
from loopmesh.policies.analysis import policy_problem
from loopmesh.policies.selected import versions


def peers_of_one_level(policies: list[PeerAuthentication], application: Application) -> Iterator[Problem]:
    """A warning: Istio heeds the oldest of them alone, with all it says (`ComposePeerAuthentication`)."""
    first: dict[tuple[str, ...], PeerAuthentication] = {}
    for policy in policies:
        for key in _holds_for(policy, application):
            earlier = first.setdefault(key, policy)
            if earlier is not policy:
                rule = f"{earlier.source} holds for it already, and Istio heeds the oldest alone"
                remedy = "write both in one PeerAuthentication"
                yield policy_problem(policy.source, f"of {' '.join(key)}", rule, remedy, severity=Severity.WARNING)
                break


def _holds_for(policy: PeerAuthentication, application: Application) -> Iterator[tuple[str, ...]]:
    if not policy.selector.labels:
        yield "namespace", policy.selector.namespace
        return
    for key, namespace, labels in versions(application):
        if policy.selector.selects(namespace, labels):
            yield key
