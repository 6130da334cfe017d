"""`mesh shift`."""

from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.admin_limits import CHANGE_S
from loopmesh.cli.arguments import NamedPath, TextCommand
from loopmesh.cli.changing import report_change
from loopmesh.cli.client import running_mesh
from loopmesh.cli.parameters import json_option, state_option
from loopmesh.cli.planned import Planned, apply_planned


@click.command(cls=TextCommand, short_help="share a service's calls among its versions")
@click.argument("service")
@click.argument("shares", metavar="VERSION=WEIGHT...", nargs=-1, required=True)
@click.option("-o", "--output", type=NamedPath(dir_okay=False), help="Keep the policies in this file.")
@state_option
@json_option
def command(service: str, shares: tuple[str, ...], output: Path | None, state: Path, as_json: bool) -> None:
    """Share a SERVICE's calls among its versions by weight, with the Istio policies that do so.

    The policies are printed, applied, and kept in the service's file in the state folder or in -o FILE, of which all
    else stays: other policies, comments. Routes that lead to the service alone, in VirtualServices of any host, stay
    what they are but for their weights; one that a match leads to a chosen version, such as a preview, stays as it is.
    A VERSION is one of the values, or a subset of the service's DestinationRule.

    \b
    mesh shift catalog v1=50 v2=50
    mesh shift catalog v2=100 -o catalog-v2.yaml
    """
    weights = [_share(share) for share in shares]
    if not any(share.weight for share in weights):
        raise click.UsageError("at least one weight is more than 0")
    if len({share.version for share in weights}) < len(weights):
        raise click.UsageError("each version is named once")
    with running_mesh(state) as stub:
        plan = stub.PlanShift(admin_pb2.PlanShiftRequest(service=service, shares=weights), timeout=CHANGE_S)
    if plan.problems:
        report_change(admin_pb2.ApplyResponse(problems=plan.problems), as_json=as_json)
    planned = Planned(yaml=plan.yaml, files=plan.files, in_force=plan.in_force)
    apply_planned(state, planned, service, output, as_json=as_json)


def _share(text: str) -> admin_pb2.Share:
    version, separator, weight = text.partition("=")
    if not separator or not version or not weight.isdecimal() or len(weight) > len("1000000"):
        raise click.UsageError(f"{text!r} is not VERSION=WEIGHT, such as v2=10")
    return admin_pb2.Share(version=version, weight=int(weight))
