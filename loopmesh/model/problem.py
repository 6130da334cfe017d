"""Where something was said, and what is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Origin:
    """The place in the user's files a fact comes from; `line` counts from 1, 0 is the file as a whole."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One mistake of a user: where, the value found, the rule it breaks, and what to do. `value` is empty where the
    file itself is wrong."""

    origin: Origin
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        value = f"{self.value}: " if self.value else ""
        return f"{self.origin}: {value}{self.rule}; {self.remedy}"


class InvalidInputError(Exception):
    """Everything wrong with the user's input, together. `problems` is sorted by place and never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
