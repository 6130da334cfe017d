"""What kind runs its node in: docker or podman, said as kind has it said or found here."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.images.engine import Engine, ask_engine
from tools.kube.cluster import KubeError, run

VARIABLE = "KIND_EXPERIMENTAL_PROVIDER"
SOURCES = {
    "docker": "install Docker Engine (docs.docker.com; Debian 13, Ubuntu: `apt-get install docker.io docker-buildx`), "
    "or podman",
    "podman": "install it (podman.io; Debian, Ubuntu: `apt-get install podman`)",
}


@dataclass(frozen=True, slots=True)
class Provider:
    engine: Engine

    def kind(self, *words: str, shown: bool = False) -> str:
        """kind, with its nodes in this engine. Raises KubeError."""
        chosen = () if self.engine.name == "docker" else ("env", f"{VARIABLE}={self.engine.name}")
        return run((*chosen, "kind", *words), shown=shown, told=("kind", *words))

    def has(self, cluster: str) -> bool:
        """Raises KubeError."""
        return cluster in self.kind("get", "clusters").split()

    def load(self, cluster: str, images: Sequence[str]) -> None:
        """Into the cluster's nodes. kind reads images out of Docker only, from others a file. Raises KubeError."""
        if self.engine.name == "docker":
            self.kind("load", "docker-image", "--name", cluster, *images)
            return
        for image in images:
            with tempfile.TemporaryDirectory() as folder:
                archive = str(Path(folder) / "image.tar")
                run((self.engine.name, "save", "--quiet", "--output", archive, image))
                self.kind("load", "image-archive", "--name", cluster, archive)

    def published(self, node: str, port: int) -> list[str]:
        """Where a node's port is on this machine; nowhere, too, while the node is stopped. Raises KubeError."""
        try:
            return run((self.engine.name, "port", node, f"{port}/tcp")).split()
        except KubeError:
            return []


def find_providers() -> tuple[list[Provider], list[str]]:
    """Those that work, the one to use first, and a line about each that is here and does not. Raises KubeError."""
    installed = [name for name in _wanted() if shutil.which(name)]
    if not installed:
        name = _wanted()[0]
        return [], [f"{name} is not on PATH: {SOURCES[name]}"]
    complaints = {name: ask_engine(name) for name in installed}
    working = [Provider(Engine(name)) for name, complaint in complaints.items() if complaint is None]
    return working, [complaint for complaint in complaints.values() if complaint]


def _wanted() -> tuple[str, ...]:
    said = os.environ.get(VARIABLE)
    if said and said not in SOURCES:
        raise KubeError(
            f"{VARIABLE} is {said!r}: images are built and loaded here with {' or '.join(SOURCES)}; say one"
        )
    return (said,) if said else tuple(SOURCES)
