"""The state folder and the runtime folder: who may use them, and what is said when that cannot be."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from loopmesh.run.errors import RunError
from loopmesh.run.runtime_folder import LONGEST_SOCKET_PATH, RuntimeFolder, create_runtime_folder
from loopmesh.run.state import MeshRecord, is_running, open_state, read_record
from tests.unprivileged import unprivileged

RECORD = MeshRecord(pid=4711, started_at=1.5, runtime_folder="/tmp/mesh-x", admin_socket="/tmp/mesh-x/admin.sock")


def test_a_second_mesh_in_the_same_folder_is_refused_with_the_first_ones_pid_and_the_remedy(tmp_path: Path) -> None:
    state = open_state(tmp_path / "state")
    state.write_record(RECORD)
    with pytest.raises(RunError) as refused:
        open_state(tmp_path / "state")
    folder = tmp_path / "state"
    expected = f"a mesh already runs in {folder} (pid 4711); stop it with `mesh down --state {folder}`"
    assert str(refused.value).startswith(expected)
    state.close()


def test_a_folder_whose_mesh_has_ended_can_be_used_again(tmp_path: Path) -> None:
    open_state(tmp_path).close()
    open_state(tmp_path).close()


def test_a_mesh_counts_as_running_while_its_process_lives_and_not_by_what_is_on_disk(tmp_path: Path) -> None:
    assert not is_running(tmp_path)
    code = """
import sys
from pathlib import Path
from loopmesh.run.state import open_state
state = open_state(Path(sys.argv[1]))
print("locked", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        assert is_running(tmp_path)
        holder.kill()
        holder.wait()
        assert not is_running(tmp_path)


def test_the_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    assert read_record(tmp_path) is None
    state.write_record(RECORD)
    assert read_record(tmp_path) == RECORD
    state.clear_record()
    assert read_record(tmp_path) is None


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "mesh.json").write_text("{")
    with pytest.raises(RunError, match=r"cannot read .*mesh\.json"):
        read_record(tmp_path)


def test_a_state_path_that_cannot_be_a_folder_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"cannot write to the state folder .*/file/state \(Not a directory\).*--state"):
        open_state(tmp_path / "file" / "state")


def test_a_folder_without_write_permission_is_refused_with_the_remedy(tmp_path: Path) -> None:
    if os.getuid() != 0:
        tmp_path.chmod(0o555)
    with unprivileged(), pytest.raises(RunError) as refused:
        open_state(tmp_path / "state")
    expected = f"cannot write to the state folder {tmp_path / 'state'} (Permission denied); give a folder"
    assert str(refused.value).startswith(expected)


def test_databases_lie_in_a_folder_per_service(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    assert state.database("orders") == tmp_path / "data" / "orders" / "orders.db"
    assert state.database("orders").parent.is_dir()
    state.close()


def test_the_runtime_folder_is_private_short_and_another_one_each_time() -> None:
    first, second = create_runtime_folder({}), create_runtime_folder({"XDG_RUNTIME_DIR": "/tmp"})
    assert first.path != second.path
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o700
    assert len(str(first.path)) < 20
    for folder in (first, second):
        folder.remove()
        assert not folder.path.exists()


def test_the_runtime_folder_is_below_xdg_runtime_dir_where_that_can_be_used(tmp_path: Path) -> None:
    used = create_runtime_folder({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert used.path.parent == tmp_path
    unusable = create_runtime_folder({"XDG_RUNTIME_DIR": "/nowhere"})
    assert unusable.path.parent == Path("/tmp")
    unusable.remove()


def test_a_socket_path_is_refused_from_the_first_byte_too_many() -> None:
    runtime = RuntimeFolder(Path("/tmp/mesh-12345678"))
    room = LONGEST_SOCKET_PATH - len("/tmp/mesh-12345678//health.sock")
    runtime.check_lengths(["short", "x" * room])
    with pytest.raises(RunError) as refused:
        runtime.check_lengths(["short", "x" * (room + 1)])
    path = f"/tmp/mesh-12345678/{'x' * (room + 1)}/health.sock"
    assert str(refused.value).startswith(f"the socket path {path} has 108 bytes, at most 107 are possible; shorten")
