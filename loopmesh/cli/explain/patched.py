"""Why a call does not get through where an EnvoyFilter has a hand in it, or why that is not known."""

from collections.abc import Iterator, Sequence

from loopmesh.cli.explain.advice import Advice, Name
from loopmesh.cli.explain.patches import Patches
from loopmesh.simulate.check import Check
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.part import Part

MAKE_THE_CALL = "make the call, and ask `mesh explain --trace last` why if it fails"
CHANGE_IT = "change that patch, or remove it"


def advise_unknown_parts(
    parts: Sequence[Part], patches: Patches, workload: str, name: Name, *, inbound: bool
) -> Iterator[Advice]:
    """One for each part of the workload's proxy whose effect is not simulated."""
    for part in parts:
        by = patcher(patches.behind(workload, (part,), inbound=inbound), workload, name)
        yield Advice(why=f"{by} brings {part.words}, which is not simulated", remedy=MAKE_THE_CALL)


def denied_by_patch(check: Check, by: str) -> Advice:
    """By a filter of authorization that holds no AuthorizationPolicy."""
    return Advice(why=f"{by} {'denies it' if check.action == 'DENY' else 'does not allow it'}", remedy=CHANGE_IT)


def patcher(rules: Sequence[Rule], workload: str, name: Name) -> str:
    """The EnvoyFilters in words."""
    return " and ".join(map(name, rules)) or f"the configuration of {workload}'s proxy"
