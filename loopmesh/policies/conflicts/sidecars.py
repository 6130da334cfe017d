"""Two Sidecars for one workload."""

from collections.abc import Iterator

from loopmesh.model.application import Application
from loopmesh.model.problem import Problem
from loopmesh.model.sidecar import Sidecar
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.selected import versions

REMEDY = "write both in one Sidecar"


def sidecars_of_one_workload(sidecars: list[Sidecar], application: Application) -> Iterator[Problem]:
    """Istio uses one of them and never the other; one for some workloads may stand beside the one for all."""
    first: dict[tuple[str, ...], Sidecar] = {}
    for sidecar in sidecars:
        for key in _holds_for(sidecar, application):
            earlier = first.setdefault(key, sidecar)
            if earlier is not sidecar:
                rule = f"{earlier.source} holds for it already"
                yield policy_problem(sidecar.source, f"of {' '.join(key)}", rule, REMEDY, message=_message(sidecar))
                break


def _message(sidecar: Sidecar) -> Message:
    return Message.SIDECARS_OF_ONE_NAMESPACE if sidecar.selector is None else Message.SIDECARS_OF_ONE_WORKLOAD


def _holds_for(sidecar: Sidecar, application: Application) -> Iterator[tuple[str, ...]]:
    namespace = sidecar.source.policy.namespace
    if sidecar.selector is None:
        yield "namespace", namespace
        return
    for key, namespace, labels in versions(application):
        if sidecar.selector.selects(namespace, labels):
            yield key
