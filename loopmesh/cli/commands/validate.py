"""`mesh validate`."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from loopmesh.cli.arguments import InputPath, TextCommand
from loopmesh.cli.errors import FAILED, ProblemsError, counted
from loopmesh.cli.parameters import json_option, values_option
from loopmesh.cli.problem_json import problem_json
from loopmesh.model.number_words import numbered
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import InvalidInputError, Problem, Severity
from loopmesh.policies import PolicySet, check_policies, no_policies, read_application, read_files


@click.command(cls=TextCommand, short_help="check policies")
@click.argument("paths", type=InputPath(), nargs=-1, required=True)
@values_option
@click.option(
    "--failure-threshold",
    type=click.Choice([str(severity) for severity in Severity]),
    default=str(Severity.ERROR),
    show_default=True,
    help="How bad a problem makes the command fail.",
)
@json_option
def command(paths: tuple[Path, ...], values: Path, failure_threshold: str, as_json: bool) -> None:
    """Check policies, and what they say of the application, without running anything. PATHS are files and folders; - is
    standard input.

    What Istio's own analysis (`istioctl analyze`) says, too, has its code. Warnings and infos are told and do not fail,
    unless the failure threshold says so.

    \b
    mesh validate istio
    mesh validate my/istio --values my/values.yaml
    mesh validate istio --failure-threshold warning --json
    """
    names: Sequence[PolicyName] = ()
    try:
        application = read_application(values)
        files = read_files(paths)
        policy_set = PolicySet.parse(files, application.namespace)
        names = policy_set.names
        problems = check_policies(policy_set, application).warnings
        if not names:
            raise no_policies(files)
    except InvalidInputError as error:
        problems = error.problems
    fails = any(_reaches(problem, Severity(failure_threshold)) for problem in problems)
    if as_json:
        said = {"policies": list(map(str, names)), "problems": list(map(problem_json, problems))}
        click.echo(json.dumps(said, indent=2))
        raise SystemExit(FAILED if fails else 0)
    if fails:
        raise ProblemsError(InvalidInputError(problems), outcome="")
    for problem in problems:
        click.echo(problem, err=True)
    valid = f"{numbered(len(names), 'policy')} {'is' if len(names) == 1 else 'are'} valid"
    click.echo("; ".join([valid, *([counted(problems)] if problems else [])]))


def _reaches(problem: Problem, threshold: Severity) -> bool:
    worst_first = list(Severity)
    return worst_first.index(problem.severity) <= worst_first.index(threshold)
