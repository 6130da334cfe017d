"""Policies a command has written: kept in a file, shown, and applied."""

from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.admin_limits import CHANGE_S
from loopmesh.cli.changing import report_change
from loopmesh.cli.client import running_mesh
from loopmesh.cli.errors import CommandError

FOLDER = "policies"
"""Below the state folder."""


def apply_planned(state: Path, yaml: str, name: str, output: Path | None, *, as_json: bool = False) -> None:
    """Writes the YAML to `output`, or to a file of this name in the state folder, and applies it; prints both.

    Raises CommandError when it cannot be written or is not taken; the file stays, for it says what was refused.
    """
    path = output or state / FOLDER / f"{name}.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}; name another file with -o") from error
    if not as_json:
        click.echo(yaml)
    file = admin_pb2.PolicyFile(path=str(path), content=yaml.encode())
    with running_mesh(state) as stub:
        answer = stub.Apply(admin_pb2.ApplyRequest(files=[file]), timeout=CHANGE_S)
    report_change(answer, as_json=as_json, file=str(path), yaml=yaml)
    if not as_json:
        click.echo(f"kept in {path}; `mesh up` starts without it unless it is among its policies")
