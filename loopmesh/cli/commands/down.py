"""`mesh down`."""

from pathlib import Path

import click
import grpc
import psutil

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.client import QUICK_S, running_mesh
from loopmesh.cli.errors import CommandError
from loopmesh.cli.parameters import state_option

LONGEST_S = 120.0


@click.command(cls=TextCommand, short_help="drain and stop the mesh")
@state_option
def command(state: Path) -> None:
    """Drain and stop the mesh; returns when nothing of it runs.

    \b
    mesh down
    """
    with running_mesh(state) as stub:
        supervisor = stub.GetStatus(admin_pb2.GetStatusRequest(), timeout=QUICK_S).pid
        try:
            for answer in stub.Stop(admin_pb2.StopRequest(), timeout=LONGEST_S):
                click.echo(answer.message, err=True)
        except grpc.RpcError as error:
            # The mesh ends with its last word; that it is gone is what was wanted.
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                raise
    _wait_until_gone(supervisor, state)
    click.echo("stopped", err=True)


def _wait_until_gone(supervisor: int, state: Path) -> None:
    try:
        psutil.Process(supervisor).wait(LONGEST_S)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired as error:
        log = state / "logs" / "mesh.log"
        raise CommandError(f"the mesh in {state} (pid {supervisor}) does not end; see {log}") from error
