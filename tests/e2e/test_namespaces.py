"""Services of the same name in two namespaces, and a protocol that is not HTTP, each with its own identity."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.testing.mesh_process import MeshProcess
from tests.e2e.shop_client import ask

FOLDER = Path(__file__).parent / "namespaces"


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    arguments = ("--values", "values.yaml", "--policies", "policies")
    mesh = MeshProcess(state=tmp_path_factory.mktemp("two") / "state", folder=FOLDER, up_arguments=arguments)
    mesh.up()
    yield mesh
    mesh.down()


def ask_web(mesh: MeshProcess, caller: str, web: str, variable: str) -> str:
    with mesh.forward(caller, web) as address:
        return str(ask(f"http://{address}/{variable}").body)


def test_a_short_name_means_the_service_of_the_callers_namespace(mesh: MeshProcess) -> None:
    assert ask_web(mesh, "web.shop", "web:8000", "X") == "web-v1-0 nowhere"
    assert ask_web(mesh, "web.archive", "web:8000", "X") == "archive-web-v1-0 nowhere"
    assert ask_web(mesh, "web.shop", "web.archive:8000", "X") == "archive-web-v1-0 nowhere"


def test_a_program_dials_tcp_at_the_address_its_environment_names(mesh: MeshProcess) -> None:
    assert ask_web(mesh, "web.shop", "web:8000", "MESH_TCP_STORE_6379") == "web-v1-0 store-v1-0"
    assert ask_web(mesh, "web.archive", "web:8000", "STORE_URL") == "archive-web-v1-0 archive-store-v1-0"


def test_who_may_not_open_a_connection_finds_it_closed(mesh: MeshProcess) -> None:
    assert ask_web(mesh, "web.shop", "web:8000", "MESH_TCP_STORE_ARCHIVE_6379") == "web-v1-0 closed"


def test_a_forwarded_tcp_port_has_the_callers_identity(mesh: MeshProcess) -> None:
    assert answer_of(mesh, "archive-web-v1-0", "store:6379") == "archive-store-v1-0"
    assert answer_of(mesh, "web-v1-0", "store.archive:6379") == ""


def answer_of(mesh: MeshProcess, caller: str, target: str) -> str:
    with mesh.forward(caller, target) as address:
        host, _, port = address.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(b"who?\n")
            return connection.makefile().readline().strip()


def test_status_tells_them_apart(mesh: MeshProcess) -> None:
    found = {one["name"]: (one["namespace"], one["service"]) for one in mesh.status()["workloads"]}
    assert found["store-v1-0"] == ("shop", "store")
    assert found["archive-store-v1-0"] == ("archive", "store")
    assert mesh.workload("archive-store-v1-0")["spiffe_id"] == "spiffe://cluster.local/ns/archive/sa/keeper"


def test_a_name_two_namespaces_have_is_asked_about(mesh: MeshProcess) -> None:
    result = mesh.run("config", "store")
    assert result.returncode == 1
    assert "several namespaces have a store; name one of store.archive, store.shop" in result.stderr


def test_each_is_scaled_apart(mesh: MeshProcess) -> None:
    assert mesh.command("scale", "archive-store=2") == "started archive-store-v1-1\n"
    assert mesh.command("scale", "store.archive=1") == "stopped archive-store-v1-1\n"
