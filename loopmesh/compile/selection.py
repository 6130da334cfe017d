"""Policies by the workloads they select, so that a workload's are found without asking every policy."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from loopmesh.model.policy import WorkloadSelector


class Labelled(Protocol):
    """What is selected: a workload, or an instance that a policy has added."""

    @property
    def namespace(self) -> str: ...

    @property
    def labels(self) -> Mapping[str, str]: ...


class Selecting(Protocol):
    @property
    def selector(self) -> WorkloadSelector: ...


Policy = TypeVar("Policy", bound=Selecting)
Bucket = tuple[str, tuple[str, str] | None]
"""A namespace, and a label the selector asks for if it asks for any."""


class Selection(Generic[Policy]):
    """Of one kind; policies of the root namespace select in every namespace. Nothing in it is ever changed."""

    def __init__(self, policies: Iterable[Policy], root_namespace: str) -> None:
        self._root_namespace = root_namespace
        self._buckets: dict[Bucket, list[tuple[int, Policy]]] = {}
        for place, policy in enumerate(policies):
            label = next(iter(policy.selector.labels.items()), None)
            self._buckets.setdefault((policy.selector.namespace, label), []).append((place, policy))

    def of(self, workload: Labelled) -> list[Policy]:
        """Those that select the workload, in the order of their creation."""
        namespaces = dict.fromkeys((workload.namespace, self._root_namespace))
        found = [one for namespace in namespaces for one in self._candidates(namespace, workload)]
        return [policy for _, policy in sorted(found, key=lambda one: one[0])]

    def wide(self, namespace: str) -> list[Policy]:
        """Those that select a whole namespace and are written in it."""
        return [policy for _, policy in self._buckets.get((namespace, None), ())]

    def _candidates(self, namespace: str, workload: Labelled) -> Iterator[tuple[int, Policy]]:
        for label in (None, *workload.labels.items()):
            for place, policy in self._buckets.get((namespace, label), ()):
                if policy.selector.labels.items() <= workload.labels.items():
                    yield place, policy
