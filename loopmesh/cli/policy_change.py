"""A change of the policies a mesh runs with, and what it would do. Never: carries it out."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loopmesh.cli.blame import Refusal
from loopmesh.compile import ProxyConfig, differences
from loopmesh.control import PushReport
from loopmesh.model.difference import Change, PartDifference, PolicyDifference, field_differences, mean_the_same
from loopmesh.model.mesh_settings import MESH_CONFIG
from loopmesh.model.policies import Policies, Policy
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import InvalidInputError, Origin, Problem
from loopmesh.policies import PolicySet, no_policies
from loopmesh.run.errors import RunError

MOST_SHOWN = 10
"""Names of policies a message lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """Policies of `files` are added or replaced, those in `removed` taken away; `only` removes what no file holds.

    `removed_files` name policies to remove, whatever they say. `forget` lets proxies forget what they have learned
    about instances: connections, ejections.
    """

    files: tuple[tuple[str, bytes], ...] = ()
    removed: tuple[PolicyName, ...] = ()
    removed_files: tuple[tuple[str, bytes], ...] = ()
    only: bool = False
    forget: bool = False

    def warnings(self, before: Policies, after: Policies) -> tuple[Problem, ...]:
        """Those of its files, and what it has made seldom meant elsewhere."""
        names, known = {name for name, _ in self.files}, set(before.warnings)
        return tuple(one for one in after.warnings if one.origin.file in names or one not in known)

    def apply_to(self, current: PolicySet, namespace: str) -> tuple[PolicySet, list[PolicyName]]:
        """The set afterwards and the policies the change is about.

        Raises RunError for one that is not there, and InvalidInputError for files that name none.
        """
        newer = PolicySet.parse(self.files, namespace)
        removed = PolicySet.parse(self.removed_files, namespace)
        if removed.problems:
            raise InvalidInputError(removed.problems)
        names = [*self.removed, *removed.names]
        given = (*self.files, *self.removed_files)
        if given and not (newer.names or newer.problems or names or self.only):
            raise no_policies(given)
        present = dict.fromkeys(current.names)
        for name in names:
            if name not in present:
                raise RunError(f"there is no {name}; {_known(current, name)}")
        remaining = newer if self.only else current.without(names).merged(newer)
        kept = set(remaining.names)
        return remaining, [*newer.names, *(name for name in present if name not in kept)]


def sources(names: Iterable[PolicyName], *sets: PolicySet) -> list[Source]:
    """Policies with their places in the first set that has them; nowhere, if none has."""
    return [Source(policy=name, origin=_origin(name, sets)) for name in names]


def _origin(name: PolicyName, sets: Iterable[PolicySet]) -> Origin:
    found = (one.origin_at(name, "") for one in sets)
    return next((origin for origin in found if origin), Origin(file="", line=0))


def _known(current: PolicySet, name: PolicyName) -> str:
    same_kind = [known for known in current.names if known.kind == name.kind]
    if not same_kind:
        return f"no {name.kind} is in force"
    for close in difflib.get_close_matches(name.name, [one.name for one in same_kind], n=1):
        return f"did you mean {next(one for one in same_kind if one.name == close)}?"
    return f"there are {', '.join(map(str, same_kind[:MOST_SHOWN]))}{', …' if len(same_kind) > MOST_SHOWN else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReport:
    """What became of a change; with `refusals` nothing changed. `policies` are those it is about, `warnings`
    what is seldom meant in them."""

    policies: tuple[PolicyName, ...]
    push: PushReport
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshDifference:
    """What a change would do: to the policies, and to the configuration of each workload's proxy."""

    policies: tuple[PolicyDifference, ...]
    workloads: Mapping[str, list[PartDifference]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """Policies as they are written, what they say, and the configuration that comes of it, by workload."""

    policy_set: PolicySet
    policies: Policies
    configs: Mapping[str, ProxyConfig]


def compare(before: Compiled, after: Compiled) -> MeshDifference:
    """Policies that differ, in the order of `after`, then those that are gone, and what proxies would get instead."""
    known, remaining = before.policies.by_name(), after.policies.by_name()
    policies = [_policy(name, known.get(name, []), said, before, after) for name, said in remaining.items()]
    policies += [
        PolicyDifference(policy=name, change=Change.REMOVED, source=said[0].source)
        for name, said in known.items()
        if name not in remaining
    ]
    workloads = differences(before.configs, after.configs)
    return MeshDifference(policies=tuple(one for one in policies if one), workloads=workloads)


def _policy(
    name: PolicyName, old: list[Policy], new: list[Policy], before: Compiled, after: Compiled
) -> PolicyDifference | None:
    if not old:
        return PolicyDifference(policy=name, change=Change.ADDED, source=new[0].source)
    if mean_the_same(old, new):
        return None
    said, saying = before.policy_set.said_at(name, "spec"), after.policy_set.said_at(name, "spec")
    fields = tuple(field_differences(said, saying, "" if name == MESH_CONFIG else "spec"))
    return PolicyDifference(policy=name, change=Change.CHANGED, source=new[0].source, fields=fields)
