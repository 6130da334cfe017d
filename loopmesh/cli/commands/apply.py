"""`mesh apply`."""

from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.client import running_mesh
from loopmesh.cli.errors import CommandError, ProblemsError
from loopmesh.cli.parameters import state_option
from loopmesh.model.problem import InvalidInputError, Origin, Problem
from loopmesh.policies.policy_set import read_files

LONGEST_S = 60


@click.command(short_help="add or replace policies")
@click.option(
    "-f", "--file", "paths", type=click.Path(path_type=Path), multiple=True, required=True, help="File or folder."
)
@state_option
def command(paths: tuple[Path, ...], state: Path) -> None:
    """Add or replace policies while the mesh runs; returns when every proxy has taken them.

    The files stay as they are: `mesh up` starts from its own folder again.

    \b
    mesh apply -f istio/catalog/virtualservice.yaml
    """
    try:
        files = [admin_pb2.PolicyFile(path=name, content=content) for name, content in read_files(paths)]
    except InvalidInputError as error:
        raise ProblemsError(error) from error
    with running_mesh(state) as stub:
        answer = stub.Apply(admin_pb2.ApplyRequest(files=files), timeout=LONGEST_S)
    _report(answer)


def _report(answer: admin_pb2.ApplyResponse) -> None:
    if answer.problems:
        raise ProblemsError(InvalidInputError(map(_problem, answer.problems)))
    for rejection in answer.rejected:
        click.echo(f"{rejection.workload}: its proxy refused {rejection.resource_type}: {rejection.message}", err=True)
    if answer.rejected:
        raise CommandError("a proxy refused the policies and goes on with those before; mend them and apply again")
    if answer.late:
        raise CommandError(f"no answer in time from {', '.join(answer.late)}; see `mesh status`")
    for policy in answer.policies:
        click.echo(policy)
    click.echo(f"taken by {answer.acknowledged} proxies in {answer.milliseconds:.1f} ms")


def _problem(problem: admin_pb2.Problem) -> Problem:
    origin = Origin(file=problem.file, line=problem.line)
    return Problem(origin=origin, value=problem.value, rule=problem.rule, remedy=problem.remedy)
