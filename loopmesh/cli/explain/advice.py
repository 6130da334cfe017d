"""What a user is told about a call that does not get through."""

from collections.abc import Callable
from dataclasses import dataclass

from loopmesh.simulate.origin import Rule

Name = Callable[[Rule], str]
"""How a rule is told: with its file and line where they are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    why: str
    remedy: str
