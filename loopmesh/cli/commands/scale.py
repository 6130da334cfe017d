"""`mesh scale`."""

import re
from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.client import running_mesh
from loopmesh.cli.parameters import state_option

LONGEST_S = 300
MOST = 100


@click.command(cls=TextCommand, short_help="change how many instances run")
@click.argument("target", metavar="SERVICE[/VERSION]=N")
@state_option
def command(target: str, state: Path) -> None:
    """Start or drain instances of a service, or of one of its versions; returns when they are ready or gone.

    \b
    mesh scale inventory=3
    mesh scale catalog/v2=0
    """
    match = re.fullmatch(r"([^/=]+)(?:/([^/=]+))?=(\d{1,3})", target)
    if match is None or int(match.group(3)) > MOST:
        raise click.UsageError(f"{target!r} is not SERVICE[/VERSION]=N with N up to {MOST}, such as inventory=2")
    service, version, replicas = match.groups()
    request = admin_pb2.ScaleRequest(service=service, version=version or "", replicas=int(replicas))
    with running_mesh(state) as stub:
        answer = stub.Scale(request, timeout=LONGEST_S)
    for name in answer.started:
        click.echo(f"started {name}")
    for name in answer.stopped:
        click.echo(f"stopped {name}")
    if not (answer.started or answer.stopped):
        click.echo(f"{service} has {replicas} already")
