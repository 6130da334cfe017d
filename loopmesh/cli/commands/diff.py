"""`mesh diff`."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.admin_limits import CHANGE_S
from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.changing import raise_problems
from loopmesh.cli.client import running_mesh
from loopmesh.cli.errors import FAILED, ProblemsError
from loopmesh.cli.named_policies import check_one_way, named_policies
from loopmesh.cli.parameters import files_option, json_option, state_option
from loopmesh.cli.policy_files import policy_files
from loopmesh.cli.problem_json import problem_json
from loopmesh.model.printable import printable
from loopmesh.model.problem import Problem


@click.command(cls=TextCommand, short_help="what policies would change")
@click.argument("kind", required=False)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@files_option("File or folder, or - for standard input.")
@click.option("--delete", is_flag=True, help="What would change without these policies.")
@state_option
@json_option
def command(
    kind: str | None, names: tuple[str, ...], paths: tuple[Path, ...], delete: bool, state: Path, as_json: bool
) -> None:
    """What `mesh apply -f PATH` would change, in policies and in the configuration of every proxy; nothing is changed.

    With --delete it is what `mesh delete` with the same arguments would change.

    The exit code is 0 with and without differences, 1 when the policies are wrong.

    \b
    mesh diff -f istio/catalog/virtualservice.yaml
    mesh diff --delete VirtualService catalog
    mesh diff --delete -f istio/catalog/virtualservice.yaml
    """
    if kind and not delete:
        raise click.UsageError("policies are named with --delete; name files with -f")
    if not (kind or paths):
        raise click.UsageError("name a file with -f, or with --delete a KIND and a NAME")
    check_one_way(kind, paths)
    removed = named_policies(state, kind, names)
    try:
        files = policy_files(paths)
        change = {"removed": removed, "removed_files": files} if delete else {"files": files}
        with running_mesh(state) as stub:
            answer = stub.Diff(admin_pb2.DiffRequest(**change), timeout=CHANGE_S)
        raise_problems(answer.problems)
    except ProblemsError as error:
        if not as_json:
            raise
        click.echo(json.dumps(_json(admin_pb2.DiffResponse(), error.problems), indent=2))
        raise SystemExit(FAILED) from error
    if as_json:
        click.echo(json.dumps(_json(answer), indent=2))
        return
    for line in _lines(answer):
        click.echo(printable(line))


def _json(answer: admin_pb2.DiffResponse, problems: Iterable[Problem] = ()) -> dict[str, Any]:
    """The stable form; `before` and `after` of a field are null where it is not there."""
    return {
        "problems": list(map(problem_json, problems)),
        "policies": list(map(_policy_json, answer.policies)),
        "workloads": list(map(_workload_json, answer.workloads)),
    }


def _policy_json(found: admin_pb2.PolicyDifference) -> dict[str, Any]:
    fields = [{"path": one.path, "before": one.before or None, "after": one.after or None} for one in found.fields]
    place = {"file": found.file, "line": found.line}
    return {"policy": found.policy, "change": found.change, "origin": place, "fields": fields}


def _workload_json(found: admin_pb2.WorkloadDifference) -> dict[str, Any]:
    changes = [{"part": part.part, "name": part.name, "change": part.change} for part in found.parts]
    return {"name": found.workload, "changes": changes}


def _lines(answer: admin_pb2.DiffResponse) -> Iterator[str]:
    if not answer.policies and not answer.workloads:
        yield "nothing would change"
        return
    for policy in answer.policies:
        yield f"{policy.policy} ({policy.file}:{policy.line}): {policy.change}"
        for field in policy.fields:
            yield f"    {field.path}: {field.before or 'not set'} → {field.after or 'not set'}"
    if not answer.workloads:
        yield "no proxy would get anything else"
    for parts, workloads in _together(answer.workloads).items():
        yield f"{', '.join(workloads)}:"
        yield from (f"    {part}" for part in parts)


def _together(workloads: Iterable[admin_pb2.WorkloadDifference]) -> dict[tuple[str, ...], list[str]]:
    """Workloads by the changes they share: most of a mesh often gets the same."""
    found: dict[tuple[str, ...], list[str]] = {}
    for workload in workloads:
        parts = tuple(f"{part.part} {part.name}: {part.change}" for part in workload.parts)
        found.setdefault(parts, []).append(workload.workload)
    return found
