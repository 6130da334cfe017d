"""`mesh compile`."""

import asyncio
from pathlib import Path

import click

from loopmesh.cli.arguments import NamedPath, TextCommand
from loopmesh.cli.errors import CommandError, ProblemsError
from loopmesh.cli.options import DEFAULT_POLICIES, ControlPlaneKind
from loopmesh.cli.parameters import control_plane_option, policies_option, values_option
from loopmesh.compile import assumed_topology, compiled_files, differing_files, rendered_files, write_files
from loopmesh.model.application import Application
from loopmesh.model.number_words import numbered
from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import PolicySet, check_policies, check_provisions, read_application, read_files
from loopmesh.run.errors import RunError


@click.command(cls=TextCommand, short_help="the proxies' configuration as files")
@click.option("-o", "--output", type=NamedPath(file_okay=False), required=True, help="Folder to write to.")
@click.option("--check", is_flag=True, help="Write nothing; fail if a file is out of date.")
@values_option
@policies_option
@control_plane_option
def command(output: Path, check: bool, values: Path, policies: Path | None, control_plane: str) -> None:
    """Write the proxies' configuration as YAML, a file per workload.

    Ports and addresses are fixed ones, so the files differ only when values or policies do.

    \b
    mesh compile -o envoy/compiled
    mesh compile -o envoy/compiled --check
    mesh compile -o /tmp/by-istio --control-plane istio
    """
    try:
        application = read_application(values)
        policy_set = PolicySet.parse(read_files([policies or DEFAULT_POLICIES]), application.namespace)
        files = (
            files_by_istio(application, policy_set)
            if control_plane == ControlPlaneKind.ISTIO
            else compiled_files(application, check_policies(policy_set, application))
        )
    except InvalidInputError as error:
        raise ProblemsError(error) from error
    except RunError as error:
        raise CommandError(str(error)) from error
    if not check:
        try:
            write_files(files, output)
        except OSError as error:
            raise CommandError(f"cannot write to {output}: {error.strerror}; name another folder with -o") from error
        click.echo(f"{numbered(len(files), 'file')} in {output}")
        return
    stale = differing_files(files, output)
    if stale:
        names = ", ".join(stale)
        raise CommandError(
            f"out of date in {output}: {names}; run `mesh compile -o {output}` and look at the difference"
        )


def files_by_istio(application: Application, policy_set: PolicySet) -> dict[str, str]:
    """What Istio's generator makes of it. Raises InvalidInputError and RunError."""
    from loopmesh.cli.istio_configuration import ask_istio, assumed_addresses, running_generator
    from loopmesh.oracle import load_packed_types

    provisions = check_provisions(policy_set)
    topology = assumed_topology(application, provisions)

    async def ask() -> dict[str, str]:
        async with running_generator(lambda line: click.echo(line, err=True)) as generator:
            addresses = assumed_addresses(topology)
            configs = await ask_istio(generator, topology, addresses, policy_set, provisions.added_hosts)
        for config in configs.values():
            for messages in config.resources().values():
                for message in messages.values():
                    load_packed_types(message)
        return rendered_files(configs)

    return asyncio.run(ask())
