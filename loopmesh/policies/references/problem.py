"""How a name that leads nowhere is told."""

from loopmesh.model.policy import Source
from loopmesh.model.problem import Origin, Problem


def reference_problem(source: Source, value: str, rule: str, remedy: str, origin: Origin | None = None) -> Problem:
    """At `origin`, else where the source is."""
    return Problem(origin=origin or source.origin, value=f"{source.policy}: {value}", rule=rule, remedy=remedy)
