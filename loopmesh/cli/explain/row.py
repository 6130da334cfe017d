"""A line of an explanation: what it is about, what holds, and the rule that says so."""

from dataclasses import dataclass

from loopmesh.simulate.origin import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`level` 1 stands below the row before it; `also` is a second rule, where two sides have a say."""

    label: str
    text: str
    rule: Rule | None = None
    level: int = 0
    also: Rule | None = None
