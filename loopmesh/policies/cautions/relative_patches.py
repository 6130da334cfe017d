"""Patches that need another part of the configuration and do not say when they come (Istio `EnvoyPatchAnalyzer`)."""

from collections.abc import Iterator, Sequence

from loopmesh.model.patch import Operation, Patch
from loopmesh.model.problem import Problem
from loopmesh.policies.analysis import Message, policy_problem

RELATIVE = (Operation.INSERT_BEFORE, Operation.INSERT_AFTER, Operation.REPLACE, Operation.REMOVE)
RULE = "what it is relative to may come from an EnvoyFilter that is applied later"
REMEDY = "set `priority`, or use INSERT_FIRST or ADD"


def patches_without_priority(patches: Sequence[Patch]) -> Iterator[Problem]:
    for patch in patches:
        if patch.operation in RELATIVE and patch.priority == 0:
            value = f"{patch.target} {patch.operation}"
            yield policy_problem(patch.source, value, RULE, REMEDY, message=Message.RELATIVE_PATCH)
