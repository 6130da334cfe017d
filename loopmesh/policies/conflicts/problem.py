"""How a conflict is told."""

from loopmesh.model.policy import Source
from loopmesh.model.problem import Problem


def conflict(source: Source, value: str, rule: str, remedy: str) -> Problem:
    """At the later of the two; `value` is what they disagree about."""
    return Problem(origin=source.origin, value=f"{source.policy}: {value}", rule=rule, remedy=remedy)
