"""Policies a command has written: shown, applied, and once they are in force kept in a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.admin_limits import CHANGE_S
from loopmesh.cli.changing import is_taken, report_change, telling_problems
from loopmesh.cli.client import default_namespace, get_status, running_mesh
from loopmesh.cli.kept_file import KeptFile, check_applied, make_folder, plan_file, plan_taking_out, standing
from loopmesh.cli.rule_names import policy_name
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import Origin

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """`older` are files of the state folder which hold policies that `kept` holds from now on; `still` says where
    policies to remove will stand all the same."""

    kept: KeptFile
    older: Sequence[KeptFile]
    still: Sequence[tuple[PolicyName, Origin]]

    def write(self) -> None:
        for one in (self.kept, *self.older):
            one.write()


def apply_planned(state: Path, planned: Planned, service: str, output: Path | None, *, as_json: bool = False) -> None:
    """Applies it and keeps the policies in `output`, or in the service's file in the state folder; prints both.

    No other file there holds them afterwards. Raises CommandError when the file is not one to write them in, and when
    they are not taken; all files stay what they were then.
    """
    with telling_problems(as_json=as_json):
        files = _plan_files(state, planned, service, output)
    kept = files.kept
    if planned.yaml and not as_json:
        click.echo(planned.yaml)
    told = [kept.policies] if planned.yaml else []
    with running_mesh(state) as stub:
        answer = stub.Apply(admin_pb2.ApplyRequest(files=told, removed=planned.removed), timeout=CHANGE_S)
    if is_taken(answer):
        files.write()
    elif planned.yaml:
        click.echo(f"{kept.path} is not written; the lines below are those it would have", err=True)
    written = str(kept.path) if planned.yaml and is_taken(answer) else None
    report_change(answer, as_json=as_json, file=written, yaml=planned.yaml)
    for said in (*kept.elsewhere, *(f"{name} is still at {origin}: take it out there" for name, origin in files.still)):
        click.echo(said, err=True)
    if written and not as_json:
        click.echo(f"kept in {written}; `mesh up` starts without it unless it is among its policies")


def _plan_files(state: Path, planned: Planned, service: str, output: Path | None) -> _Files:
    namespace = default_namespace(state)
    own = state / FOLDER
    path = output or own / f"{_full_name(state, service)}.yaml"
    theirs = [file for file in map(Path, planned.files) if own not in file.parents and not _is_same(file, path)]
    removed = [policy_name(one) for one in planned.removed]
    if output is None:
        make_folder(own)
    else:
        check_applied(output, planned.yaml, planned.in_force, namespace)
    kept = plan_file(path, planned.yaml, removed, namespace, theirs if output else ())
    others = [file for file in sorted(own.glob("*.yaml")) if not _is_same(file, path)]
    return _Files(
        kept=kept,
        older=plan_taking_out(kept.changed, others, namespace),
        still=tuple(standing(removed, theirs, namespace)),
    )


def _full_name(state: Path, service: str) -> str:
    """One service may be named in two ways, and two namespaces have one of a name; the mesh knows the service."""
    found = ((one, f"{one.name}.{one.namespace}") for one in get_status(state).services)
    return next(full for one, full in found if service in (one.name, full))


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()
