"""`mesh delete`."""

from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.admin_limits import CHANGE_S
from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.changing import report_change, telling_problems
from loopmesh.cli.client import running_mesh
from loopmesh.cli.named_policies import check_one_way, named_policies
from loopmesh.cli.parameters import files_option, json_option, state_option
from loopmesh.cli.policy_files import policy_files


@click.command(cls=TextCommand, short_help="remove policies")
@click.argument("kind", required=False)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@files_option("Remove the policies of these files; - is standard input.")
@state_option
@json_option
def command(kind: str | None, names: tuple[str, ...], paths: tuple[Path, ...], state: Path, as_json: bool) -> None:
    """Remove policies while the mesh runs; returns when every proxy goes without them.

    NAME is `name`, or `namespace/name`; a name alone is of the application's namespace. Refused when another policy
    needs what would be gone. The files stay as they are: `mesh up` starts from its own folder again.

    \b
    mesh delete VirtualService catalog
    mesh delete AuthorizationPolicy shop/orders shop/wallet
    mesh delete -f istio/catalog/virtualservice.yaml
    """
    if not paths and not kind:
        raise click.UsageError("name a KIND and a NAME, or a file with -f")
    check_one_way(kind, paths)
    policies = named_policies(state, kind, names)
    with telling_problems(as_json=as_json):
        files = policy_files(paths)
    with running_mesh(state) as stub:
        answer = stub.Delete(admin_pb2.DeleteRequest(policies=policies, files=files), timeout=CHANGE_S)
    report_change(answer, as_json=as_json)
