"""`mesh forward`."""

from contextlib import suppress
from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.client import find_workload, get_status, running_mesh, split_address, split_target
from loopmesh.cli.parameters import state_option

LOOPBACK = ("127.0.0.1", "localhost")


@click.command(cls=TextCommand, short_help="a local port into the mesh")
@click.option("--from", "caller", required=True, metavar="WORKLOAD", help="Whose identity calls have.")
@click.argument("target", metavar="SERVICE:PORT")
@click.option(
    "--listen", default="127.0.0.1:0", show_default=True, metavar="HOST:PORT", help="Port 0 takes a free one."
)
@state_option
def command(caller: str, target: str, listen: str, state: Path) -> None:
    """Open a local TCP port that reaches a service through the WORKLOAD's proxy, until interrupted.

    \b
    mesh forward --from edge catalog:50051 --listen 127.0.0.1:9000
    grpcurl -plaintext 127.0.0.1:9000 list
    """
    service, port = split_target(target)
    host, listen_port = split_address(listen)
    if host not in LOOPBACK:
        raise click.UsageError(f"--listen {listen!r}: the mesh listens on 127.0.0.1 only")
    workload = find_workload(get_status(state), caller)
    request = admin_pb2.ForwardRequest(
        workload=workload.name, service=service, port=port, listen_address=LOOPBACK[0], listen_port=listen_port
    )
    # Interrupting is how it is ended.
    with running_mesh(state) as stub, suppress(KeyboardInterrupt):
        for answer in stub.Forward(request):
            click.echo(f"{answer.listen_address}:{answer.listen_port} reaches {target} as {workload.spiffe_id}")
