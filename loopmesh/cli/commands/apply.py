"""`mesh apply`."""

from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.admin_limits import CHANGE_S
from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.changing import report_change, telling_problems
from loopmesh.cli.client import running_mesh
from loopmesh.cli.parameters import files_option, json_option, state_option
from loopmesh.cli.policy_files import policy_files


@click.command(cls=TextCommand, short_help="add or replace policies")
@files_option("File or folder, or - for standard input.", required=True)
@state_option
@json_option
def command(paths: tuple[Path, ...], state: Path, as_json: bool) -> None:
    """Add or replace policies while the mesh runs; returns when every proxy has taken them.

    If a proxy refuses them, its words and the policy they are about are shown, and nothing is changed. The files stay
    as they are: `mesh up` starts from its own folder again.

    \b
    mesh apply -f istio/catalog/virtualservice.yaml
    """
    with telling_problems(as_json=as_json):
        files = policy_files(paths)
    with running_mesh(state) as stub:
        answer = stub.Apply(admin_pb2.ApplyRequest(files=files), timeout=CHANGE_S)
    report_change(answer, as_json=as_json)
