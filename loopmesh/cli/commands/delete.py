"""`mesh delete`."""

from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.admin_limits import CHANGE_S
from loopmesh.cli.changing import policy_files, report_change
from loopmesh.cli.client import get_status, running_mesh
from loopmesh.cli.parameters import state_option
from loopmesh.policies.document import API_VERSIONS


@click.command(short_help="remove policies")
@click.argument("kind", required=False)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "-f", "--file", "paths", type=click.Path(path_type=Path), multiple=True, help="Remove the policies of these files."
)
@state_option
def command(kind: str | None, names: tuple[str, ...], paths: tuple[Path, ...], state: Path) -> None:
    """Remove policies while the mesh runs; returns when every proxy goes without them.

    NAME is `name`, or `namespace/name`; a name alone is of the application's namespace. Refused when another policy
    needs what would be gone. The files stay as they are: `mesh up` starts from its own folder again.

    \b
    mesh delete VirtualService catalog
    mesh delete AuthorizationPolicy shop/orders shop/wallet
    mesh delete -f istio/catalog/virtualservice.yaml
    """
    if not paths and not (kind and names):
        raise click.UsageError("name a KIND and a NAME, or a file with -f")
    if kind and not names:
        raise click.UsageError(f"which {kind}? name at least one")
    files = policy_files(paths)
    namespace = next((service.namespace for service in get_status(state).services), "")
    policies = [_policy(_kind(kind), name, namespace) for name in names if kind]
    with running_mesh(state) as stub:
        answer = stub.Delete(admin_pb2.DeleteRequest(policies=policies, files=files), timeout=CHANGE_S)
    report_change(answer)


def _kind(word: str) -> str:
    """In any case: `virtualservice` is a VirtualService."""
    known = {kind.lower(): kind for kind in API_VERSIONS}
    if word.lower() not in known:
        raise click.UsageError(f"there is no kind {word}; there are {', '.join(API_VERSIONS)}")
    return known[word.lower()]


def _policy(kind: str, name: str, default_namespace: str) -> admin_pb2.PolicyName:
    namespace, slash, own = name.rpartition("/")
    return admin_pb2.PolicyName(kind=kind, namespace=namespace if slash else default_namespace, name=own)
