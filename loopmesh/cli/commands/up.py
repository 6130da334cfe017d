"""`mesh up`."""

import time
from collections.abc import Mapping
from pathlib import Path

import click

from loopmesh.cli.arguments import TextCommand
from loopmesh.cli.detached import start_detached
from loopmesh.cli.errors import CommandError, ProblemsError
from loopmesh.cli.options import DEFAULT_EDGE_PORT, ControlPlaneKind, UpOptions
from loopmesh.cli.parameters import chosen_policies, control_plane_option, policies_option, state_option, values_option
from loopmesh.model.problem import InvalidInputError

DEVICES = "/dev"
"""Among them what a command is given: standard input, `<(…)` of a shell."""


@click.command(cls=TextCommand, short_help="start a mesh")
@click.option("--detach", is_flag=True, help="Return when everything is ready; the mesh goes on.")
@values_option
@policies_option
@state_option
@click.option(
    "--edge-port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_EDGE_PORT,
    show_default=True,
    help="Port of the edge; 0 takes a free one.",
)
@control_plane_option
def command(detach: bool, values: Path, policies: Path | None, state: Path, edge_port: int, control_plane: str) -> None:
    """Start a mesh: a proxy beside every program of the values file, under the policies.

    \b
    mesh up --detach
    mesh up --values my/values.yaml --policies my/istio
    mesh up --control-plane istio
    """
    for option, path in (("--values", values), ("--policies", policies)):
        if detach and path is not None and path.is_relative_to(DEVICES):
            raise click.UsageError(f"{option} {path}: a detached mesh has no such input; name a file or folder")
    options = UpOptions(
        values=values,
        policies=chosen_policies(policies),
        state=state.absolute(),
        edge_port=edge_port,
        control_plane=ControlPlaneKind(control_plane),
    )
    progress = _Progress()
    if detach:
        edge = start_detached(options, progress).edge
    else:
        _foreground(options, progress)
        return
    progress.ready(edge)


class _Progress:
    """Lines with the seconds since the start, on standard error."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, line: str) -> None:
        click.echo(f"{time.monotonic() - self._started:5.1f} s  {line}", err=True)

    def ready(self, edge: Mapping[str, str]) -> None:
        self("ready")
        for name, url in edge.items():
            click.echo(f"edge {name}: {url}")


def _foreground(options: UpOptions, progress: _Progress) -> None:
    from loopmesh.cli.daemon import run_mesh
    from loopmesh.run.errors import RunError

    try:
        run_mesh(options, progress, progress.ready)
    except InvalidInputError as error:
        raise ProblemsError(error) from error
    except RunError as error:
        raise CommandError(str(error)) from error
