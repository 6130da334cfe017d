"""Two Sidecars for one workload."""

from collections.abc import Iterator

from loopmesh.model.application import Application
from loopmesh.model.problem import Problem
from loopmesh.model.sidecar import Sidecar
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.selected import second_ones, versions

REMEDY = "write both in one Sidecar"


def sidecars_of_one_workload(sidecars: list[Sidecar], application: Application) -> Iterator[Problem]:
    """Istio uses one of them and never the other; one for some workloads may stand beside the one for all."""
    for sidecar, earlier, what in second_ones(sidecars, versions(application)):
        rule = f"{earlier.source} holds for it already"
        yield policy_problem(sidecar.source, f"of {what}", rule, REMEDY, message=_message(sidecar))


def _message(sidecar: Sidecar) -> Message:
    return Message.SIDECARS_OF_ONE_NAMESPACE if sidecar.selector is None else Message.SIDECARS_OF_ONE_WORKLOAD
