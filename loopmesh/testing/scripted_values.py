"""A values file in which some services are scripted backends."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from loopmesh.model.application import Application, Service

PROGRAM = ["python", "-m", "loopmesh.scripted"]


def with_backends(values: Path, backends: Collection[str], folder: Path) -> Path:
    """A copy of the file in `folder` with the programs of these services replaced; the file itself if there are none.

    The file must have been read as an application before. Raises LookupError for a service it does not have.
    """
    if not backends:
        return values
    content: dict[str, Any] = yaml.safe_load(values.read_bytes())
    services = content["services"]
    if missing := sorted(set(backends) - set(services)):
        raise LookupError(f"{values} has no service {', '.join(missing)}; it has {', '.join(services)}")
    for name in backends:
        services[name] |= {"command": PROGRAM, "health": "tcp"}
        for version in services[name]["versions"].values():
            (version or {}).pop("command", None)
    written = folder / "values.yaml"
    written.write_text(yaml.safe_dump(content, sort_keys=False))
    return written


def is_scripted(service: Service) -> bool:
    """Whether every version runs the program that asks the test for its answers."""
    return all(version.command[1:3] == tuple(PROGRAM[1:]) for version in service.versions)


def scripted_versions(application: Application) -> dict[str, tuple[Service, str]]:
    """Service and version of all scripted instances by the stem of their names, `reviews-v1`."""
    return {
        f"{service.key}-{version.name}": (service, version.name)
        for service in application.services
        if is_scripted(service)
        for version in service.versions
    }
