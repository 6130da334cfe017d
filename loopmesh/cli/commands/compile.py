"""`mesh compile`."""

from pathlib import Path

import click

from loopmesh.cli.errors import CommandError, ProblemsError
from loopmesh.cli.options import DEFAULT_POLICIES
from loopmesh.cli.parameters import policies_option, values_option
from loopmesh.compile import compiled_files, differing_files, write_files
from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import PolicySet, check_policies, read_application, read_files


@click.command(short_help="the proxies' configuration as files")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write to."
)
@click.option("--check", is_flag=True, help="Write nothing; fail if a file is out of date.")
@values_option
@policies_option
def command(output: Path, check: bool, values: Path, policies: Path | None) -> None:
    """Write the proxies' configuration as YAML, a file per workload.

    Ports and addresses are fixed ones, so the files differ only when values or policies do.

    \b
    mesh compile -o envoy/compiled
    mesh compile -o envoy/compiled --check
    """
    try:
        application = read_application(values)
        policy_set = PolicySet.parse(read_files([policies or DEFAULT_POLICIES]), application.namespace)
        files = compiled_files(application, check_policies(policy_set, application))
    except InvalidInputError as error:
        raise ProblemsError(error) from error
    if not check:
        write_files(files, output)
        click.echo(f"{len(files)} files in {output}")
        return
    stale = differing_files(files, output)
    if stale:
        names = ", ".join(stale)
        raise CommandError(
            f"out of date in {output}: {names}; run `mesh compile -o {output}` and look at the difference"
        )
