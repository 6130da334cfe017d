"""What became of a change of policies, as the user sees it. Never: imports the readers of policies, which take longer
than a command that only asks a running mesh."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.errors import FAILED, CommandError, ProblemsError
from loopmesh.cli.problem_json import problem_json
from loopmesh.cli.problem_messages import problem_messages, problem_of_message
from loopmesh.cli.refusals import refusal_lines
from loopmesh.model.number_words import numbered
from loopmesh.model.problem import InvalidInputError, has_error

Answer = admin_pb2.ApplyResponse | admin_pb2.DeleteResponse


def report_change(answer: Answer, *, as_json: bool = False, **more: object) -> None:
    """Prints what was changed, as JSON with `more` beside it. Raises CommandError when nothing was, or when a proxy has
    not answered; what JSON says of that is said there alone."""
    if as_json:
        click.echo(json.dumps({**change_json(answer), **more}, indent=2))
        if answer.late or not is_taken(answer):
            raise SystemExit(FAILED)
        return
    raise_problems(answer.problems)
    if answer.rejected:
        lines = [*refusal_lines(answer.rejected), "nothing was changed: every proxy has what it had before"]
        raise CommandError("\n".join(lines))
    if answer.late:
        raise CommandError(
            f"the change is in force, but no answer came in time from {', '.join(answer.late)}; see `mesh status`"
        )
    for warning in map(problem_of_message, answer.warnings):
        click.echo(warning, err=True)
    for policy in answer.policies:
        click.echo(policy)
    click.echo(f"taken by {numbered(answer.acknowledged, 'proxy')} in {answer.milliseconds:.1f} ms")


@contextmanager
def telling_problems(*, as_json: bool) -> Iterator[None]:
    """What is wrong with the user's files before the mesh is asked is told as what the mesh says of them."""
    try:
        yield
    except ProblemsError as error:
        report_change(admin_pb2.ApplyResponse(problems=problem_messages(error.problems)), as_json=as_json)


def is_taken(answer: Answer) -> bool:
    """Whether anything was changed; proxies that have not answered yet get it, too."""
    return not (answer.rejected or _has_errors(answer))


def change_json(answer: Answer) -> dict[str, Any]:
    """The stable form; with a problem that is an error, or with a rejection, nothing is `changed`."""
    problems = map(problem_of_message, [*answer.problems, *answer.warnings])
    return {
        "changed": is_taken(answer),
        "policies": list(answer.policies),
        "acknowledged": answer.acknowledged,
        "milliseconds": answer.milliseconds,
        "problems": list(map(problem_json, problems)),
        "rejected": list(map(_rejection_json, answer.rejected)),
        "late": list(answer.late),
    }


def _has_errors(answer: Answer) -> bool:
    return has_error(map(problem_of_message, answer.problems))


def _rejection_json(rejection: admin_pb2.Rejection) -> dict[str, Any]:
    return {
        "workload": rejection.workload,
        "type": rejection.resource_type,
        "resources": list(rejection.resources),
        "policies": list(rejection.policies),
        "places": list(rejection.places),
        "message": rejection.message,
    }


def raise_problems(problems: Iterable[admin_pb2.Problem]) -> None:
    """Raises ProblemsError if there are any."""
    found = list(map(problem_of_message, problems))
    if found:
        raise ProblemsError(InvalidInputError(found))
