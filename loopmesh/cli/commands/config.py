"""`mesh config`."""

from pathlib import Path

import click

from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.client import find_workload, get_status
from loopmesh.cli.parameters import state_option
from loopmesh.cli.proxy_admin import ask_proxy


@click.command(cls=TextCommand, short_help="a proxy's live configuration")
@click.argument("workload")
@state_option
def command(workload: str, state: Path) -> None:
    """The configuration dump of a WORKLOAD's proxy as JSON, as `istioctl proxy-config … -f` reads it.

    \b
    mesh config orders > orders.json
    """
    found = find_workload(get_status(state), workload)
    click.echo(ask_proxy(found.envoy_admin_socket, "/config_dump?include_eds"))
