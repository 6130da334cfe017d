"""`mesh config`."""

import http.client
import socket
from pathlib import Path

import click

from loopmesh.cli.client import find_workload, get_status
from loopmesh.cli.errors import CommandError
from loopmesh.cli.parameters import state_option

TIMEOUT_S = 10


@click.command(short_help="a proxy's live configuration")
@click.argument("workload")
@state_option
def command(workload: str, state: Path) -> None:
    """The configuration dump of a WORKLOAD's proxy as JSON, as `istioctl proxy-config … -f` reads it.

    \b
    mesh config orders > orders.json
    """
    found = find_workload(get_status(state), workload)
    click.echo(_ask(found.envoy_admin_socket, "/config_dump?include_eds"))


def _ask(admin_socket: str, path: str) -> str:
    connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT_S)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(TIMEOUT_S)
    try:
        connection.sock.connect(admin_socket)
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    except OSError as error:
        raise CommandError(f"the proxy does not answer at {admin_socket}: {error}; see `mesh status`") from error
    finally:
        connection.close()
