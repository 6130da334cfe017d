"""What a user can get wrong: a clear error, the right exit code, nothing left running."""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.testing.mesh_process import MESH, MeshProcess
from tests.e2e.conftest import REPOSITORY, shop_mesh

FOREIGN = Path(__file__).parent / "foreign"


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[MeshProcess]:
    """Not running; small, so that what does start starts quickly."""
    arguments = ("--values", "values.yaml", "--policies", "policies")
    mesh = MeshProcess(state=tmp_path / "state", folder=FOREIGN, up_arguments=arguments)
    yield mesh
    # Also when it started against all expectation.
    mesh.run("down")


def fails(mesh: MeshProcess, *arguments: str, code: int = 1) -> str:
    """What a command says that must fail; nothing may run afterwards."""
    result = mesh.run(*arguments)
    assert result.returncode == code, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert mesh.run("status").returncode == 1
    return result.stderr


def up(mesh: MeshProcess, *, values: str = "values.yaml", policies: str = "policies", edge_port: int = 0) -> str:
    arguments = ("--values", values, "--policies", policies, "--edge-port", str(edge_port))
    return fails(mesh, "up", "--detach", *arguments)


def test_a_port_in_use_is_named_with_its_holder_and_the_remedy(mesh: MeshProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = up(mesh, edge_port=port)
    assert f"port {port} is in use" in said
    assert f"pid {os.getpid()}" in said
    assert "--edge-port" in said


def test_a_missing_values_file_is_named(mesh: MeshProcess) -> None:
    assert "nowhere.yaml: there is no such values file" in up(mesh, values="nowhere.yaml")


def test_broken_yaml_is_named_with_its_line(mesh: MeshProcess, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("namespace: lab\nservices:\n  clock: {command: [python\n")
    assert f"{broken}:4: YAML: " in up(mesh, values=str(broken))


def test_a_detached_mesh_is_not_told_to_read_what_only_its_starter_has(mesh: MeshProcess) -> None:
    said = fails(mesh, "up", "--detach", "--values", "values.yaml", "--policies", "/dev/stdin", code=2)
    assert "--policies /dev/stdin: a detached mesh has no such input; name a file or folder" in said


def test_every_problem_is_told_at_once_with_place_rule_and_remedy(mesh: MeshProcess, tmp_path: Path) -> None:
    bad = tmp_path / "values.yaml"
    bad.write_text(
        (FOREIGN / "values.yaml").read_text().replace("replicas: 2", "replica: 2").replace("listen: tcp", "listen: udp")
    )
    said = up(mesh, values=str(bad))
    assert f"{bad}:8: services.clock.versions.v1.replica: 2: " in said
    assert "did you mean `replicas`?" in said
    assert f"{bad}:12: services.web.listen: udp: this is one of unix, tcp" in said
    assert "2 problems" in said


def test_a_field_nobody_knows_is_refused_by_name_and_place(mesh: MeshProcess, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    text = (FOREIGN / "policies" / "lab.yaml").read_text()
    policy.write_text(text.replace("    timeout: 3s", "    timeout: 3s\n    mirorr: {host: clock}"))
    said = up(mesh, policies=str(policy))
    line = policy.read_text().splitlines().index("    mirorr: {host: clock}") + 1
    assert f"{policy}:{line}: spec.http[0].mirorr: loopmesh does not support this field" in said


def test_a_program_that_does_not_exist_is_named_before_anything_starts(mesh: MeshProcess, tmp_path: Path) -> None:
    bad = tmp_path / "values.yaml"
    bad.write_text((FOREIGN / "values.yaml").read_text().replace("[python, clock.py]", "[no-such-program]"))
    assert "command no-such-program: must be an executable program" in up(mesh, values=str(bad))


def test_a_program_that_crashes_is_told_with_its_reason_and_log(mesh: MeshProcess, tmp_path: Path) -> None:
    bad = tmp_path / "values.yaml"
    bad.write_text((FOREIGN / "values.yaml").read_text().replace("[python, clock.py]", "[python, no_such_file.py]"))
    said = up(mesh, values=str(bad))
    assert "clock-v1-0 is not ready" in said
    assert "clock-v1-0.log" in said


def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    mesh = MeshProcess(state=file / "state", folder=FOREIGN)
    assert "cannot write to the state folder" in up(mesh)


@pytest.fixture
def limited(mesh: MeshProcess, tmp_path: Path) -> MeshProcess:
    """With a folder for sockets that shows what is left behind."""
    (tmp_path / "run").mkdir()
    mesh.environment["XDG_RUNTIME_DIR"] = str(tmp_path / "run")
    (mesh.state / "ca").mkdir(parents=True)
    return mesh


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("traces.db", "{state}/traces.db cannot be used: file is not a database; remove it to get a new one"),
        ("ca/root.pem", "{state}/ca holds no certificate authority: "),
    ],
)
def test_what_cannot_be_in_a_state_folder_is_told_in_a_line(limited: MeshProcess, name: str, said: str) -> None:
    (limited.state / "ca/root.key").write_text("no key")
    (limited.state / name).write_text("hello")
    (line,) = up(limited).splitlines()
    assert line.startswith(f"mesh: {said.format(state=limited.state)}")
    assert not list(Path(limited.environment["XDG_RUNTIME_DIR"]).iterdir())


def test_a_record_that_cannot_be_written_is_told_with_its_place_and_the_remedy(mesh: MeshProcess) -> None:
    draft = mesh.state / ".mesh.json"
    draft.mkdir(parents=True)
    expected = (
        f"mesh: the mesh cannot go on: {draft}: Is a directory; make that possible, or give another folder than"
        f" {mesh.state} with --state"
    )
    assert up(mesh).splitlines()[-1] == expected


def test_a_full_disk_is_told_in_a_line_and_leaves_nothing(limited: MeshProcess) -> None:
    """As one is full for the file that gets too large."""
    arguments = ("up", "--detach", *limited.up_arguments, "--state", str(limited.state))
    result = subprocess.run(
        ["sh", "-c", 'ulimit -f 8 && exec "$@"', "sh", str(MESH), *arguments],
        cwd=limited.folder,
        env={**os.environ, **limited.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert re.fullmatch(
        rf"mesh: spans cannot be kept in {limited.state}: .*; make that possible, or give another folder than"
        rf" {limited.state} with --state\n",
        result.stderr,
    )
    assert not list(Path(limited.environment["XDG_RUNTIME_DIR"]).iterdir())


def test_a_socket_path_that_is_too_long_is_named_with_the_remedy(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    mesh = MeshProcess(state=tmp_path / "state", folder=FOREIGN, environment={"XDG_RUNTIME_DIR": str(deep)})
    said = up(mesh)
    assert "at most 107 are possible" in said
    assert "XDG_RUNTIME_DIR" in said


def test_a_second_start_in_the_same_state_folder_is_refused_and_the_first_goes_on(mesh: MeshProcess) -> None:
    mesh.up()
    try:
        result = mesh.run("up", "--detach", "--values", "values.yaml", "--policies", "policies", "--edge-port", "0")
        assert result.returncode == 1
        assert f"pid {mesh.supervisor_pid}" in result.stderr
        assert all(workload["ready"] for workload in mesh.status()["workloads"])
    finally:
        mesh.down()


def test_a_start_after_kill_9_cleans_up_and_works(mesh: MeshProcess) -> None:
    mesh.up()
    os.kill(mesh.supervisor_pid, signal.SIGKILL)
    mesh.up()
    assert all(workload["ready"] for workload in mesh.status()["workloads"])
    mesh.down()


def test_wrong_json_for_a_method_is_wrong_use_and_names_the_place(shop: MeshProcess) -> None:
    result = shop.run("call", "--from", "orders", "catalog:50051", "BatchGetProducts", "-d", '{"nmes": []}')
    assert result.returncode == 2
    assert "nmes" in result.stderr


def test_an_unknown_workload_is_named_with_those_there_are(shop: MeshProcess) -> None:
    result = shop.run("call", "--from", "nobody", "catalog:50051", "GetProduct")
    assert result.returncode == 1
    assert "there is no workload nobody; there are catalog, edge, inventory, orders, shipping, wallet" in result.stderr


def test_the_exit_code_of_a_call_is_its_grpc_status(shop: MeshProcess) -> None:
    request = json.dumps({"name": "products/moon"})
    result = shop.run("call", "--from", "edge", "catalog:50051", "GetProduct", "-d", request)
    assert result.returncode == 5
    assert "NOT_FOUND: products/moon does not exist" in result.stderr
    assert "google.rpc.ResourceInfo" in result.stderr


def test_two_meshes_of_one_application_run_at_once(shop: MeshProcess, tmp_path: Path) -> None:
    other = shop_mesh(tmp_path / "other")
    assert other.folder == REPOSITORY
    other.up()
    try:
        assert other.edge != shop.edge
        ours = {workload["pid"] for workload in shop.status()["workloads"] if workload["pid"]}
        theirs = {workload["pid"] for workload in other.status()["workloads"] if workload["pid"]}
        assert ours.isdisjoint(theirs)
    finally:
        other.down()
    assert all(workload["ready"] for workload in shop.status()["workloads"])
