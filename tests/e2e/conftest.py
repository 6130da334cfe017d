"""Meshes the end-to-end tests share: the shop, and the scripted lab. Each has a state folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.testing.mesh_process import MeshProcess

REPOSITORY = Path(__file__).parents[2]
HERE = Path(__file__).parent


def shop_mesh(state: Path, **environment: str) -> MeshProcess:
    return MeshProcess(state=state, folder=REPOSITORY, environment=environment)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    """The running shop, for tests that leave it as they found it, but for orders placed."""
    mesh = shop_mesh(tmp_path_factory.mktemp("shop") / "state")
    mesh.up()
    yield mesh
    mesh.down()
