"""Policies a command has written: shown, applied, and once they are in force kept in a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.admin_limits import CHANGE_S
from loopmesh.cli.changing import is_taken, report_change
from loopmesh.cli.client import default_namespace, running_mesh
from loopmesh.cli.kept_file import KeptFile, check_applied, plan_file, standing
from loopmesh.cli.rule_names import policy_name

FOLDER = "policies"
"""Below the state folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the mesh has planned: documents to apply, policies to remove, which files of the user's hold them, and what
    they say in force."""

    yaml: str
    removed: Sequence[admin_pb2.PolicyName] = ()
    files: Sequence[str] = ()
    in_force: str = ""


def apply_planned(state: Path, planned: Planned, name: str, output: Path | None, *, as_json: bool = False) -> None:
    """Applies it and keeps the policies in `output`, or in a file of this name in the state folder; prints both.

    Raises CommandError when the file is not one to write them in, and when they are not taken; the file stays what it
    was then.
    """
    namespace = default_namespace(state)
    removed = [policy_name(one) for one in planned.removed]
    kept = _kept_file(state, planned, name, output, namespace)
    if planned.yaml and not as_json:
        click.echo(planned.yaml)
    files = [kept.policies] if planned.yaml else []
    with running_mesh(state) as stub:
        answer = stub.Apply(admin_pb2.ApplyRequest(files=files, removed=planned.removed), timeout=CHANGE_S)
    if is_taken(answer):
        kept.write()
    elif planned.yaml:
        click.echo(f"{kept.path} is not written; the lines below are those it would have", err=True)
    written = str(kept.path) if planned.yaml and is_taken(answer) else None
    report_change(answer, as_json=as_json, file=written, yaml=planned.yaml)
    still = standing(removed, map(Path, planned.files), namespace)
    for said in (*kept.elsewhere, *(f"{policy} is still at {origin}: take it out there" for policy, origin in still)):
        click.echo(said, err=True)
    if written and not as_json:
        click.echo(f"kept in {written}; `mesh up` starts without it unless it is among its policies")


def _kept_file(state: Path, planned: Planned, name: str, output: Path | None, namespace: str) -> KeptFile:
    removed = [policy_name(one) for one in planned.removed]
    own = state / FOLDER
    if output is None:
        own.mkdir(exist_ok=True)
        return plan_file(own / f"{name}.yaml", planned.yaml, removed, namespace)
    check_applied(output, planned.yaml, planned.in_force, namespace)
    others = [Path(file) for file in planned.files if own not in Path(file).parents]
    return plan_file(output, planned.yaml, removed, namespace, others)
