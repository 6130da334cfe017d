"""`mesh up`."""

import json
import subprocess
import sys
import time
from pathlib import Path

import click

from loopmesh.cli.errors import CommandError, ProblemsError
from loopmesh.cli.options import DEFAULT_EDGE_PORT, ControlPlaneKind, UpOptions
from loopmesh.cli.parameters import chosen_policies, control_plane_option, policies_option, state_option, values_option
from loopmesh.model.problem import InvalidInputError, Origin, Problem


@click.command(short_help="start a mesh")
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
    options = UpOptions(
        values=values,
        policies=chosen_policies(policies),
        state=state.absolute(),
        edge_port=edge_port,
        control_plane=ControlPlaneKind(control_plane),
    )
    progress = _Progress()
    if detach:
        edge = _detached(options, progress)
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

    def ready(self, edge: dict[str, str]) -> None:
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


def _detached(options: UpOptions, progress: _Progress) -> dict[str, str]:
    """Starts the mesh's own process and listens to it until it is ready."""
    policies = ["--policies", str(options.policies)] if options.policies else []
    process = subprocess.Popen(
        [
            # -P: a file of the user's folder must not stand in for one of ours.
            *(sys.executable, "-P", "-m", "loopmesh.cli.daemon"),
            *("--values", str(options.values), *policies),
            *("--state", str(options.state), "--edge-port", str(options.edge_port)),
            *("--control-plane", options.control_plane),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    try:
        edge = _listen(process, progress)
    except BaseException:
        # Whoever gives up waiting does not want the mesh either.
        process.terminate()
        process.wait()
        raise
    return edge


def _listen(process: "subprocess.Popen[str]", progress: _Progress) -> dict[str, str]:
    error = ""
    for line in process.stdout or ():
        message = json.loads(line)
        if "progress" in message:
            progress(message["progress"])
        elif "problems" in message:
            raise ProblemsError(InvalidInputError(map(_problem, message["problems"])))
        elif "error" in message:
            error = message["error"]
        else:
            edge: dict[str, str] = message["ready"]
            return edge
    said = process.stderr.read().strip() if process.stderr else ""
    raise CommandError(error or f"the mesh ended before it was ready: {said}")


def _problem(parts: list[str | int]) -> Problem:
    file, line, value, rule, remedy = parts
    origin = Origin(file=str(file), line=int(line))
    return Problem(origin=origin, value=str(value), rule=str(rule), remedy=str(remedy))
