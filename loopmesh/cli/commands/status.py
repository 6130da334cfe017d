"""`mesh status`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.client import get_status
from loopmesh.cli.known_service import known_services
from loopmesh.cli.parameters import json_option, state_option
from loopmesh.cli.refusals import refusal_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDEST = 250
"""Rows are never cut: a terminal wraps what it cannot show."""


@click.command(cls=TextCommand, short_help="what runs")
@state_option
@json_option
def command(state: Path, as_json: bool) -> None:
    """What runs, whether it takes traffic, who it is, and the ports that services are called at.

    \b
    mesh status
    mesh status --json
    """
    status = get_status(state)
    if as_json:
        click.echo(json.dumps(status_json(status), indent=2))
    else:
        _print_table(status)


def status_json(status: admin_pb2.GetStatusResponse) -> dict[str, Any]:
    """The stable form: `{"workloads": […], "services": [{"name", "namespace", "ports": {name: number}}], "edge": {name:
    URL}}`."""
    return {
        "workloads": [_workload_json(workload) for workload in status.workloads],
        "services": [
            {"name": one.name, "namespace": one.namespace, "ports": dict(one.ports)}
            for one in known_services(status.services)
        ],
        "edge": dict(status.edge),
    }


def _workload_json(workload: admin_pb2.WorkloadStatus) -> dict[str, Any]:
    rejected = [
        {
            "type": one.resource_type,
            "message": one.message,
            "policies": list(one.policies),
            "places": list(one.places),
        }
        for one in workload.envoy.rejected
    ]
    return {
        "name": workload.name,
        "service": workload.service,
        "namespace": workload.namespace,
        "version": workload.version,
        "ready": workload.ready,
        "reason": workload.reason,
        "restarts": workload.restarts,
        "pid": workload.pid,
        "spiffe_id": workload.spiffe_id,
        "envoy": {"pid": workload.envoy.pid, "rejected": rejected},
    }


def _print_table(status: admin_pb2.GetStatusResponse) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("WORKLOAD", "VERSION", "READY", "RESTARTS", "PID", "PROXY", "IDENTITY"):
        table.add_column(column, justify="right" if column in ("RESTARTS", "PID", "PROXY") else "left", no_wrap=True)
    for workload in status.workloads:
        ready = "[green]yes[/]" if workload.ready else "[red]no[/]"
        pid = str(workload.pid or "-")
        numbers = (str(workload.restarts), pid, str(workload.envoy.pid or "-"))
        table.add_row(workload.name, workload.version or "-", ready, *numbers, workload.spiffe_id)
    console = Console(width=WIDEST, highlight=False)
    _echo(console, table)
    for service in known_services(status.services):
        ports = ", ".join(f"{number} ({name})" for name, number in service.ports.items())
        click.echo(f"service {service.full_name}: {ports}")
    for workload in status.workloads:
        if workload.reason and not workload.ready:
            _echo(console, f"[red]{workload.name}[/]: {escape(workload.reason)}")
    for line in refusal_lines(one for workload in status.workloads for one in workload.envoy.rejected):
        click.echo(line)
    for name, url in status.edge.items():
        click.echo(f"edge {name}: {url}")


def _echo(console: "Console", what: "Table | str") -> None:
    """Where it cannot be written it fails as all that commands say."""
    with console.capture() as captured:
        console.print(what)
    click.echo(captured.get(), nl=False)
