"""How a command fails: one line, or every problem of the user's files, on standard error, and an exit code."""

import click

from loopmesh.model.problem import InvalidInputError

FAILED = 1


class CommandError(click.ClickException):
    """A command that could not do what it was told; one line with the remedy. Exit code 1."""

    exit_code = FAILED

    def show(self, file: object = None) -> None:
        click.echo(f"mesh: {self.message}", err=True)


class ProblemsError(CommandError):
    """The user's files are wrong: a line for each problem, then their number."""

    def __init__(self, error: InvalidInputError) -> None:
        count = len(error.problems)
        lines = [str(problem) for problem in error.problems]
        super().__init__("\n".join([*lines, f"{count} problem{'s' if count > 1 else ''}; nothing was changed"]))

    def show(self, file: object = None) -> None:
        click.echo(self.message, err=True)
