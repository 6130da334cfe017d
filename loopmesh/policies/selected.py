"""What a selector can select of the values file: each with its name in words, its namespace and its labels."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from loopmesh.model.application import Application
from loopmesh.model.policy import Source, WorkloadSelector


class Selecting(Protocol):
    @property
    def source(self) -> Source: ...

    @property
    def selector(self) -> WorkloadSelector | None: ...


Policy = TypeVar("Policy", bound=Selecting)
Selected = tuple[tuple[str, ...], str, Mapping[str, str]]


def versions(application: Application) -> Iterator[Selected]:
    """All instances of a version are alike."""
    for service in application.services:
        for version in service.versions:
            key = ("service", service.key, "version", version.name)
            yield key, service.namespace, service.labels_of(version)


def gateways(application: Application) -> Iterator[Selected]:
    for gateway in application.gateways:
        yield ("gateway", gateway.name), gateway.namespace, gateway.labels


def workloads(application: Application) -> Iterator[Selected]:
    yield from versions(application)
    yield from gateways(application)


def selects_there(selector: WorkloadSelector, application: Application) -> bool:
    """Whether a workload of the selector's own namespace has its labels."""
    return any(selector.selects(namespace, labels) for _, namespace, labels in workloads(application))


def second_ones(policies: Iterable[Policy], selected: Iterable[Selected]) -> Iterator[tuple[Policy, Policy, str]]:
    """Of a kind of which one policy counts each that comes second, with the first and what both are for, in words: a
    whole namespace, without labels to select by, or one of the `selected`."""
    known = tuple(selected)
    first: dict[tuple[str, ...], Policy] = {}
    for policy in policies:
        for key in _held(policy, known):
            earlier = first.setdefault(key, policy)
            if earlier is not policy:
                yield policy, earlier, " ".join(key)
                break


def _held(policy: Selecting, selected: Iterable[Selected]) -> Iterator[tuple[str, ...]]:
    selector = policy.selector
    if selector is None or not selector.labels:
        yield "namespace", policy.source.policy.namespace
        return
    yield from (key for key, namespace, labels in selected if selector.selects(namespace, labels))
