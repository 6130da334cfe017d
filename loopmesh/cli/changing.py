"""A change of policies as the user sees it: the files that are sent, and what became of them."""

from collections.abc import Iterable
from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.errors import CommandError, ProblemsError
from loopmesh.cli.problem_messages import problem_of_message
from loopmesh.model.problem import InvalidInputError
from loopmesh.policies.policy_set import read_files

Answer = admin_pb2.ApplyResponse | admin_pb2.DeleteResponse


def policy_files(paths: Iterable[Path]) -> list[admin_pb2.PolicyFile]:
    """Raises ProblemsError for files that cannot be read."""
    try:
        return [admin_pb2.PolicyFile(path=name, content=content) for name, content in read_files(paths)]
    except InvalidInputError as error:
        raise ProblemsError(error) from error


def report_change(answer: Answer) -> None:
    """Prints what was changed. Raises CommandError when nothing was, or when a proxy has not answered."""
    raise_problems(answer.problems)
    if answer.rejected:
        lines = [refusal_line(rejection) for rejection in answer.rejected]
        raise CommandError("\n".join([*lines, "nothing was changed: every proxy has what it had before"]))
    if answer.late:
        raise CommandError(f"no answer in time from {', '.join(answer.late)}; see `mesh status`")
    for warning in map(problem_of_message, answer.warnings):
        click.echo(warning, err=True)
    for policy in answer.policies:
        click.echo(policy)
    click.echo(f"taken by {answer.acknowledged} proxies in {answer.milliseconds:.1f} ms")


def refusal_line(rejection: admin_pb2.Rejection) -> str:
    """Who refused what, which policy it comes from, and Envoy's own words."""
    what = f"{rejection.resource_type} {', '.join(rejection.resources)}".strip()
    cause = f", which comes from {' and '.join(rejection.policies)}" if rejection.policies else ""
    return f"{rejection.workload}: its proxy refuses {what}{cause}: {rejection.message}"


def raise_problems(problems: Iterable[admin_pb2.Problem]) -> None:
    """Raises ProblemsError if there are any."""
    found = list(map(problem_of_message, problems))
    if found:
        raise ProblemsError(InvalidInputError(found))
