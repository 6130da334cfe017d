"""`mesh down`."""

import time
from pathlib import Path

import click
import grpc

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.client import running_mesh
from loopmesh.cli.errors import CommandError
from loopmesh.cli.parameters import state_option
from loopmesh.run.state import is_running

LONGEST_S = 120.0


@click.command(short_help="drain and stop the mesh")
@state_option
def command(state: Path) -> None:
    """Drain and stop the mesh; returns when nothing of it runs.

    \b
    mesh down
    """
    with running_mesh(state) as stub:
        try:
            for answer in stub.Stop(admin_pb2.StopRequest(), timeout=LONGEST_S):
                click.echo(answer.message, err=True)
        except grpc.RpcError as error:
            # The mesh ends with its last word; that it is gone is what was wanted.
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                raise
    _wait_until_gone(state)
    click.echo("stopped", err=True)


def _wait_until_gone(state: Path) -> None:

    deadline = time.monotonic() + LONGEST_S
    while is_running(state):
        if time.monotonic() > deadline:
            raise CommandError(f"the mesh in {state} does not end; see {state / 'logs' / 'mesh.log'}")
        time.sleep(0.02)
