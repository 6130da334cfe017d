"""A service whose protocol is not HTTP, shared out by connections."""

import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from loopmesh.testing.mesh_process import MeshProcess

FOLDER = Path(__file__).parent / "streams"
CONNECTIONS = 100


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[MeshProcess]:
    mesh = MeshProcess(state=tmp_path / "state", folder=FOLDER, up_arguments=("--values", "values.yaml"))
    mesh.up()
    yield mesh
    mesh.down()


def connections_by_instance(mesh: MeshProcess) -> Counter[str]:
    """Who answers connections opened one after the other."""
    with mesh.forward("caller", "store:6379") as address:
        return Counter(answer_at(address) for _ in range(CONNECTIONS))


def answer_at(address: str) -> str:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"who?\n")
        return connection.makefile().readline().strip()


def test_connections_are_shared_out_as_they_are_shifted(mesh: MeshProcess) -> None:
    assert connections_by_instance(mesh).keys() == {"store-v1-0", "store-v2-0"}
    mesh.command("shift", "store", "v1=80", "v2=20")
    shared = connections_by_instance(mesh)
    assert 60 <= shared["store-v1-0"] <= 95
    assert shared["store-v2-0"] == CONNECTIONS - shared["store-v1-0"]
    mesh.command("shift", "store", "v2=100")
    assert connections_by_instance(mesh) == {"store-v2-0": CONNECTIONS}
    kept = (mesh.state / "policies" / "store.lab.yaml").read_text()
    assert "tcp" in next(one["spec"] for one in yaml.safe_load_all(kept) if one["kind"] == "VirtualService")
