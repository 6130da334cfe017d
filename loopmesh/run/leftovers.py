"""What a mesh that was killed may have left behind: processes and its runtime folder.

A leftover is known by the runtime folder, whose random name no other process carries: a proxy works in it, a program
and its children have it in their environment. So a reused process id is never mistaken for one. Never: touches
processes of other meshes or users.
"""

import os
import shutil
from pathlib import Path

import psutil

from loopmesh.run.errors import RunError
from loopmesh.run.state import StateFolder, read_record


def clean_up_leftovers(state: StateFolder) -> tuple[int, ...]:
    """Ends what the last mesh of this state folder left; returns the process ids. The lock must be held.

    Raises RunError when a process survives SIGKILL for 5 s.
    """
    record = read_record(state.path)
    if record is None:
        return ()
    folder = Path(record.runtime_folder)
    killed = kill_leftovers(folder)
    shutil.rmtree(folder, ignore_errors=True)
    state.clear_record()
    return killed


def kill_leftovers(runtime_folder: Path) -> tuple[int, ...]:
    """Kills every process that belongs to this runtime folder, also children that programs have started."""
    found = [process for process in psutil.process_iter() if _belongs_to(process, str(runtime_folder))]
    for process in found:
        _kill(process)
    _, alive = psutil.wait_procs(found, timeout=5)
    if alive:
        raise RunError(f"process {alive[0].pid} of the mesh before this one does not end; end it by hand")
    return tuple(process.pid for process in found)


def _belongs_to(process: psutil.Process, runtime_folder: str) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        folder = runtime_folder + "/"
        return process.cwd().startswith(folder) or folder in process.environ().get("MESH_OUTBOUND", "")
    except (psutil.Error, OSError):
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
