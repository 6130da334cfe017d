"""Which program a command of the values file means. Never: starts it."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from loopmesh.model.application import Application, Service, Version
from loopmesh.model.problem import InvalidInputError, Problem


def resolve_command(command: tuple[str, ...], folder: Path, search_path: str | None) -> tuple[str, ...] | None:
    """argv with the absolute path of its program, None when there is none. `python` is the interpreter loopmesh runs
    on; a path with a slash counts from `folder`, other names are looked up on `search_path`."""
    name, *arguments = command
    if name in ("python", "python3"):
        return (sys.executable, *arguments)
    found = shutil.which(str(folder / name) if "/" in name else name, path=search_path)
    return (found, *arguments) if found else None


def check_commands(application: Application, folder: Path, environment: Mapping[str, str]) -> None:
    """Raises InvalidInputError with every command that cannot be executed."""
    problems = [
        _missing(service, version)
        for service in application.services
        for version in service.versions
        if resolve_command(version.command, folder, version.env.get("PATH", environment.get("PATH"))) is None
    ]
    if problems:
        raise InvalidInputError(problems)


def _missing(service: Service, version: Version) -> Problem:
    return Problem(
        origin=service.origin,
        value=f"services.{service.name}: command {version.command[0]}",
        rule="must be an executable program",
        remedy="install it or correct its name; relative paths count from the folder the mesh is started in",
    )
