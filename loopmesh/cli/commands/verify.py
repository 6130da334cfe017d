"""`mesh verify`."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.errors import CommandError, ProblemsError
from loopmesh.cli.parameters import chosen_policies, policies_option, values_option
from loopmesh.cli.verification import verify
from loopmesh.model.number_words import numbered
from loopmesh.model.problem import InvalidInputError
from loopmesh.oracle.comparison import Difference
from loopmesh.policies import PolicySet, read_application, read_files
from loopmesh.run.errors import RunError

MOST_WORKLOADS = 3
"""Named beside a difference that many have."""


@click.command(cls=TextCommand, short_help="compare with what Istio itself would do")
@values_option
@policies_option
@click.option("--declared", is_flag=True, help="Also list what loopmesh does differently on purpose, and why.")
def command(values: Path, policies: Path | None, declared: bool) -> None:
    """Compile the policies with loopmesh and with Istio's own generator, and tell every difference.

    Nothing runs. Needs Go; the first time it builds Istio's generator.

    \b
    mesh verify
    mesh verify --values my/values.yaml --policies my/istio
    """
    chosen = chosen_policies(policies)
    try:
        application = read_application(values)
        policy_set = PolicySet.parse(read_files([chosen] if chosen else []), application.namespace)
        found = asyncio.run(verify(application, policy_set, lambda line: click.echo(line, err=True)))
    except InvalidInputError as error:
        raise ProblemsError(error, outcome="") from error
    except RunError as error:
        raise CommandError(str(error)) from error
    if declared:
        _list_declared(found)
    differing = _grouped([one for one in found if not one.reason])
    for text, workloads in differing.items():
        click.echo(f"{_named(workloads)}: {text}")
    if differing:
        raise CommandError(f"{numbered(len(differing), 'difference')} from Istio")
    click.echo("no difference from Istio")


def _list_declared(found: Sequence[Difference]) -> None:
    for reason in dict.fromkeys(one.reason for one in found if one.reason):
        click.echo(f"on purpose: {reason}")


def _grouped(found: Sequence[Difference]) -> Mapping[str, list[str]]:
    """Workloads by what all of them differ in."""
    workloads: dict[str, list[str]] = {}
    for one in found:
        workloads.setdefault(one.text, []).append(one.workload)
    return workloads


def _named(workloads: Sequence[str]) -> str:
    more = len(workloads) - MOST_WORKLOADS
    return ", ".join(workloads[:MOST_WORKLOADS]) + (f" and {more} more" if more > 0 else "")
