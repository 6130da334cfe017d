"""Nothing of a mesh outlives it, however it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loopmesh.run.leftovers import clean_up_leftovers
from loopmesh.run.state import open_state, read_record
from tests.observing import wait_for
from tests.run.meshes import alive

ROOT = Path(__file__).parents[2]


@contextmanager
def running_lab(folder: Path, guard: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [sys.executable, "-m", "tests.run.lab_process", str(folder), guard]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, json.loads(process.stdout.readline())
        process.kill()


def test_killing_the_supervisor_ends_its_children_and_what_they_started(tmp_path: Path) -> None:
    with running_lab(tmp_path, "guarded") as (supervisor, seen):
        pids = [*seen["children"], seen["grandchild"]]
        assert all(map(alive, pids))
        supervisor.kill()
        wait_for("all processes gone", lambda: not any(map(alive, pids)))
        wait_for("runtime folder gone", lambda: not Path(seen["runtime"]).exists())


def test_an_orderly_end_leaves_no_process_and_no_runtime_folder(tmp_path: Path) -> None:
    with running_lab(tmp_path, "guarded") as (supervisor, seen):
        assert supervisor.stdin
        supervisor.stdin.close()
        assert supervisor.wait(20) == 0
        assert not any(map(alive, [*seen["children"], seen["grandchild"]]))
        assert not Path(seen["runtime"]).exists()


def test_the_next_start_ends_what_a_killed_mesh_and_its_killed_guard_left(tmp_path: Path) -> None:
    with running_lab(tmp_path, "unguarded") as (supervisor, seen):
        supervisor.kill()
        wait_for("children gone", lambda: not any(map(alive, seen["children"])))
        assert alive(seen["grandchild"])
    stranger = subprocess.Popen(["sleep", "1000"], env={**os.environ, "LOOPMESH_RUNTIME": seen["runtime"] + "x"})
    state = open_state(tmp_path / "state")
    clean_up_leftovers(state)
    assert not alive(seen["grandchild"])
    assert not Path(seen["runtime"]).exists()
    assert read_record(state.path) is None
    assert alive(stranger.pid)
    stranger.kill()
    stranger.wait()
    state.close()
