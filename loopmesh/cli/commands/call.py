"""`mesh call`."""

import sys
from pathlib import Path

import click

from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.callee import find_callee
from loopmesh.cli.calling import CallError, Method, find_method, make_call, parse_header
from loopmesh.cli.client import find_workload, get_status, split_target
from loopmesh.cli.errors import CommandError
from loopmesh.cli.parameters import decoded, read_text, state_option


@click.command(cls=TextCommand, short_help="call a service with a workload's identity")
@click.option("--from", "caller", required=True, metavar="WORKLOAD", help="Who calls.")
@click.argument("target", metavar="SERVICE:PORT")
@click.argument("method")
@click.option("-d", "--data", default="{}", help="The request as JSON; @FILE reads a file, - standard input.")
@click.option("-H", "--header", "headers", multiple=True, metavar="K:V", help="A header; may be given again.")
@click.option("--deadline", type=click.FloatRange(min=0.001), default=10.0, show_default=True, help="Seconds.")
@click.option("-v", "--verbose", is_flag=True, help="Print response headers on standard error.")
@state_option
def command(
    caller: str,
    target: str,
    method: str,
    data: str,
    headers: tuple[str, ...],
    deadline: float,
    verbose: bool,
    state: Path,
) -> None:
    """Call a METHOD with the WORKLOAD's identity, through its proxy, as its program would.

    METHOD is `shop.orders.v1.OrderService/GetOrder`, or `GetOrder` where only one service has it. Prints JSON, a line
    a message for streams. The exit code is the gRPC status of the call, 0 for OK; 2 also for wrong use.

    \b
    mesh call --from orders catalog:50051 GetProduct -d '{"name": "products/oak-tumbler"}'
    """
    split_target(target)
    metadata = [parse_header(header) for header in headers]
    status = get_status(state)
    workload = find_workload(status, caller)
    callee = find_callee(status, target, workload.namespace)
    if callee.takes_no_grpc:
        said = f"port {callee.port_name} of {target} takes no gRPC, by its name"
        raise click.UsageError(f"{said}; use curl or alike on what `mesh forward --from {caller} {target}` opens")
    found = _method(callee.workload.application_target, method)
    request = found.request(_data(data))
    try:
        make_call(workload.outbound_socket, target, found, request, metadata, deadline, click.echo, verbose=verbose)
    except CallError as error:
        click.echo(error.text, err=True)
        sys.exit(error.status)


def _method(target: str, name: str) -> Method:
    try:
        return find_method(target, name)
    except LookupError as error:
        raise click.UsageError(str(error.args[0])) from error
    except ConnectionError as error:
        raise CommandError(str(error)) from error


def _data(data: str) -> str:
    if data == "-":
        return decoded("-d -", sys.stdin.buffer.read())
    return read_text(f"-d {data}", Path(data[1:])) if data.startswith("@") else data
