"""`mesh restart`."""

from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.client import running_mesh
from loopmesh.cli.parameters import state_option

LONGEST_S = 600


@click.command(cls=TextCommand, short_help="replace instances without a failed call")
@click.argument("service")
@state_option
def command(service: str, state: Path) -> None:
    """Replace every instance of a SERVICE: a new one is ready before an old one is drained and stopped.

    Instances of a stateful service keep their names, so each of them stops before it starts again.

    \b
    mesh restart inventory
    """
    with running_mesh(state) as stub:
        for answer in stub.Restart(admin_pb2.RestartRequest(service=service), timeout=LONGEST_S):
            click.echo(answer.message)
