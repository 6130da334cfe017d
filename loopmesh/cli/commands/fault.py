"""`mesh fault`."""

import math
from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.admin_limits import CHANGE_S
from loopmesh.cli.arguments import NamedPath, TextCommand
from loopmesh.cli.changing import report_change
from loopmesh.cli.client import running_mesh
from loopmesh.cli.parameters import json_option, state_option
from loopmesh.cli.planned import Planned, apply_planned
from loopmesh.policies import Fault, fault_problems


@click.command(cls=TextCommand, short_help="delay or fail calls of a service")
@click.argument("service")
@click.option("--delay", metavar="DURATION", help="Let calls wait, such as 500ms or 2s.")
@click.option("--abort", metavar="STATUS", help="Fail calls: an HTTP status, or a gRPC one by name: UNAVAILABLE.")
@click.option("--percent", type=click.FloatRange(0, 100), default=100.0, show_default=True, help="How many are hit.")
@click.option("--clear", is_flag=True, help="Take the faults of the service away.")
@click.option("-o", "--output", type=NamedPath(dir_okay=False), help="Keep the policies in this file.")
@state_option
@json_option
def command(
    service: str,
    delay: str | None,
    abort: str | None,
    percent: float,
    clear: bool,
    output: Path | None,
    state: Path,
    as_json: bool,
) -> None:
    """Delay or fail a share of a SERVICE's calls, in the proxies of its callers, with the Istio policy that does so.

    The policy is printed, applied, and kept in the service's file in the state folder or in -o FILE, of which all else
    stays: other policies, comments. It is each VirtualService with routes to the service alone, whatever its hosts,
    with a fault on these routes, or a new one, which goes with its fault.

    \b
    mesh fault wallet --delay 2s --percent 10
    mesh fault wallet --abort UNAVAILABLE
    mesh fault wallet --clear
    """
    if clear == bool(delay or abort):
        raise click.UsageError("name --delay, --abort or both; or --clear alone")
    if math.isnan(percent):
        raise click.UsageError("--percent nan: this is a number from 0 to 100; write such a number")
    _check("--delay", delay, Fault(delay=delay))
    _check("--abort", abort, Fault(abort=abort))
    _check("--percent", f"{percent:g}", Fault(delay="1s", percent=percent))
    request = admin_pb2.PlanFaultRequest(
        service=service, delay=delay or "", abort=abort or "", percent=percent, clear=clear
    )
    with running_mesh(state) as stub:
        plan = stub.PlanFault(request, timeout=CHANGE_S)
    if plan.problems:
        report_change(admin_pb2.ApplyResponse(problems=plan.problems), as_json=as_json)
    if plan.yaml or plan.removed:
        planned = Planned(yaml=plan.yaml, removed=plan.removed, files=plan.files, in_force=plan.in_force)
        apply_planned(state, planned, service, output, as_json=as_json)
    elif as_json:
        report_change(admin_pb2.ApplyResponse(), as_json=True, changed=False, file=None, yaml="")
    else:
        click.echo(f"no route to {service} has a fault")


def _check(option: str, value: str | None, fault: Fault) -> None:
    """Of an option that was given. Raises UsageError, in the words with which a policy of it would be refused."""
    for problem in fault_problems(fault) if value is not None else ():
        raise click.UsageError(f"{option} {value}: {problem.rule}; {problem.remedy}")
