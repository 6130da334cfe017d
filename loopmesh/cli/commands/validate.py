"""`mesh validate`."""

from pathlib import Path

import click

from loopmesh.cli.errors import ProblemsError
from loopmesh.cli.parameters import values_option
from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import PolicySet, check_policies, read_application, read_files


@click.command(short_help="check policies")
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True)
@values_option
def command(paths: tuple[Path, ...], values: Path) -> None:
    """Check policies, and what they say of the application, without running anything.

    \b
    mesh validate istio
    mesh validate my/istio --values my/values.yaml
    """
    try:
        application = read_application(values)
        policy_set = PolicySet.parse(read_files(paths), application.namespace)
        check_policies(policy_set, application)
    except InvalidInputError as error:
        raise ProblemsError(error) from error
    click.echo(f"{len(policy_set.names)} policies are valid")
