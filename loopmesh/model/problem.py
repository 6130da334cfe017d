"""Where something was said, and what is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from loopmesh.model.printable import printable


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Origin:
    """The place in the user's files a fact comes from; `line` counts from 1, 0 is the file as a whole."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Severity(StrEnum):
    """How bad a problem is, in the words of `istioctl analyze`; only errors keep policies from being taken."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One mistake of a user: where, the value found, the rule it breaks, and what to do. `value` is empty where the
    file itself is wrong; `code` is the message of Istio's own analysis that says the same, empty where none does."""

    origin: Origin
    value: str
    rule: str
    remedy: str
    severity: Severity = Severity.ERROR
    code: str = ""

    def __str__(self) -> str:
        severity = "" if self.severity is Severity.ERROR else f"{self.severity}: "
        value = f"{self.value}: " if self.value else ""
        code = f" [{self.code}]" if self.code else ""
        return printable(f"{self.origin}: {severity}{value}{self.rule}; {self.remedy}{code}")


def has_error(problems: Iterable[Problem]) -> bool:
    """Whether one of them keeps policies from being taken."""
    return any(problem.severity is Severity.ERROR for problem in problems)


class InvalidInputError(Exception):
    """Everything wrong with the user's input, together; at least one is an error. `problems` is sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
