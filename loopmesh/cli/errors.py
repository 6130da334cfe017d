"""How a command fails: one line, or every problem of the user's files, on standard error, and an exit code."""

from collections import Counter
from collections.abc import Iterable

import click

from loopmesh.model.number_words import numbered
from loopmesh.model.problem import InvalidInputError, Problem, Severity

FAILED = 1
WORDS = {Severity.ERROR: "problem", Severity.WARNING: "warning", Severity.INFO: "info"}


def counted(problems: Iterable[Problem]) -> str:
    """How many of each severity: `2 problems, 1 warning`."""
    numbers = Counter(problem.severity for problem in problems)
    found = [(numbers[severity], word) for severity, word in WORDS.items() if numbers[severity]]
    return ", ".join(numbered(number, word) for number, word in found)


class CommandError(click.ClickException):
    """A command that could not do what it was told; one line with the remedy. Exit code 1."""

    exit_code = FAILED

    def show(self, file: object = None) -> None:
        click.echo(f"mesh: {self.message}", err=True)


class ProblemsError(CommandError):
    """The user's files are wrong: a line for each problem, then how many there are, and what became of the command."""

    def __init__(self, error: InvalidInputError, outcome: str = "nothing was changed") -> None:
        self.problems = error.problems
        lines = [str(problem) for problem in error.problems]
        numbers = "; ".join(filter(None, (counted(error.problems), outcome)))
        super().__init__("\n".join([*lines, numbers]))

    def show(self, file: object = None) -> None:
        click.echo(self.message, err=True)
