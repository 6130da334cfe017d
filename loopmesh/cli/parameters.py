"""Options that several commands have."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from loopmesh.cli.arguments import InputPath, NamedPath
from loopmesh.cli.options import DEFAULT_POLICIES, DEFAULT_STATE, DEFAULT_VALUES, ControlPlaneKind

MOST_BYTES = 64 * 1024 * 1024
"""A file may be endless."""
Command = TypeVar("Command", bound=Callable[..., Any])


def state_option(function: Command) -> Command:
    """`--state D`: which mesh."""
    return click.option(
        "--state",
        type=NamedPath(file_okay=False),
        default=DEFAULT_STATE,
        show_default=True,
        help="State folder of the mesh.",
    )(function)


def values_option(function: Command) -> Command:
    """`--values F`: what runs."""
    return click.option(
        "--values",
        type=InputPath(),
        default=DEFAULT_VALUES,
        show_default=True,
        help="Helm values file that says what runs; - is standard input.",
    )(function)


def policies_option(function: Command) -> Command:
    """`--policies D`: how it may talk. Without one, and without a folder `istio`, there are no policies."""
    return click.option(
        "--policies",
        type=InputPath(),
        default=None,
        show_default=f"{DEFAULT_POLICIES}, if there is one",
        help="File or folder of Istio YAML; - is standard input.",
    )(function)


def control_plane_option(function: Command) -> Command:
    """`--control-plane P`: whose configuration the proxies get."""
    return click.option(
        "--control-plane",
        type=click.Choice([str(kind) for kind in ControlPlaneKind]),
        default=str(ControlPlaneKind.LOOPMESH),
        show_default=True,
        help="Whose configuration the proxies get; Istio's generator is built with Go on first use.",
    )(function)


def json_option(function: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def files_option(help_text: str, *, required: bool = False) -> Callable[[Command], Command]:
    """Files and folders of policies; `-` among them is standard input."""
    return click.option("-f", "--file", "paths", type=InputPath(), multiple=True, required=required, help=help_text)


def read_text(said: str, path: Path) -> str:
    """The text of a file that an option names, which is told as it was `said`. Raises UsageError."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise click.UsageError(f"{said}: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise click.UsageError(f"{said}: the file has more than {MOST_BYTES} bytes")
    return decoded(said, content)


def decoded(said: str, content: bytes) -> str:
    """Raises UsageError."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{said}: this is no UTF-8 text") from error


def chosen_policies(given: Path | None) -> Path | None:
    """What was given, else the default folder where it exists, as a link that leads nowhere does, too."""
    return given or (DEFAULT_POLICIES if os.path.lexists(DEFAULT_POLICIES) else None)
