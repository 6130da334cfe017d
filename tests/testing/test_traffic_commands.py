"""`mesh shift` and `mesh fault` on a running mesh, by what callers and backends see."""

import subprocess
import sys
from pathlib import Path

import grpc
import pytest
import yaml

from loopmesh.testing import Mesh, MeshSession

MESH = Path(sys.executable).parent / "mesh"


@pytest.fixture
def command(mesh: Mesh, mesh_session: MeshSession) -> "Command":
    return Command(mesh_session.state)


class Command:
    def __init__(self, state: Path) -> None:
        self.state = state

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [str(MESH), *arguments, "--state", str(self.state)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def call_often(mesh: Mesh, times: int = 40) -> set[str]:
    """Versions that took the calls."""
    backend = mesh.backend("backend")
    backend.forget_calls()
    for _ in range(times):
        assert mesh.call("caller", "backend:7000").ok
    return set(backend.calls_by_version)


def test_all_calls_go_where_they_are_shifted_and_the_policy_is_kept(mesh: Mesh, command: Command) -> None:
    assert call_often(mesh) == {"v1", "v2"}
    result = command("shift", "backend", "v1=0", "v2=100")
    assert result.returncode == 0, result.stderr
    assert call_often(mesh) == {"v2"}
    kept = (command.state / "policies" / "backend.lab.yaml").read_text()
    assert kept in result.stdout
    assert [one["kind"] for one in yaml.safe_load_all(kept)] == ["DestinationRule", "VirtualService"]
    assert command("shift", "backend", "v1=100").returncode == 0
    assert call_often(mesh) == {"v1"}


def test_a_fault_fails_calls_before_they_arrive_until_it_is_cleared(
    mesh: Mesh, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "fault.yaml"
    assert command("fault", "backend", "--abort", "RESOURCE_EXHAUSTED", "-o", str(file)).returncode == 0
    assert mesh.call("caller", "backend:7000").code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert mesh.backend("backend").calls == []
    assert yaml.safe_load(file.read_text())["kind"] == "VirtualService"
    cleared = command("fault", "backend", "--clear", "-o", str(file))
    assert "VirtualService lab/backend" in cleared.stdout
    assert not file.exists(), "the policy was there for its fault alone"
    assert mesh.call("caller", "backend:7000").ok
    assert "no route to backend has a fault" in command("fault", "backend", "--clear").stdout


def test_a_delay_keeps_calls_on_the_way(mesh: Mesh, command: Command) -> None:
    assert command("fault", "backend", "--delay", "60s").returncode == 0
    assert mesh.call("caller", "backend:7000", timeout_s=0.2).code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert mesh.backend("backend").calls == []


def test_an_unknown_service_is_named_with_those_there_are(command: Command) -> None:
    assert (
        "there is no service nobody; there are caller, backend, web, clock"
        in command("fault", "nobody", "--abort", "503").stderr
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("shift", "backend"),
        ("shift", "backend", "v1"),
        ("shift", "backend", "v1=-1"),
        ("shift", "backend", "v1=0"),
        ("shift", "backend", "v1=1", "v1=2"),
        ("fault", "backend"),
        ("fault", "backend", "--clear", "--abort", "503"),
        ("fault", "backend", "--abort", "503", "--percent", "101"),
        ("fault", "backend", "--abort", "NO_SUCH_STATUS"),
    ],
)
def test_wrong_use_is_exit_code_2(command: Command, arguments: tuple[str, ...]) -> None:
    assert command(*arguments).returncode == 2
