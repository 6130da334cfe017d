"""No process of a mesh outlives it.

The kernel kills each child with the supervisor, but not what the children have started (`npm start`, `go run`): a
guard process does that. What even the guard could not do is done before the next start. Never: touches another mesh.
"""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import IO

from loopmesh.run import sweep
from loopmesh.run.errors import RunError
from loopmesh.run.runtime_folder import RuntimeFolder
from loopmesh.run.state import StateFolder, read_record


class Guard:
    """Started after the last fork of the supervisor. Once its pipe closes, nothing of the mesh runs or is on disk."""

    def __init__(self, runtime: RuntimeFolder) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(sweep.__file__), str(runtime.path)],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    async def release(self) -> None:
        """Lets it sweep; returns when it has ended and the runtime folder is gone."""
        pipe: IO[bytes] | None = self._process.stdin
        if pipe:
            pipe.close()
        await asyncio.to_thread(self._process.wait)


def clean_up_leftovers(state: StateFolder) -> None:
    """Ends what the last mesh of this state folder left behind; its lock is held, so that mesh is dead.

    Raises RunError when a process survives SIGKILL.
    """
    record = read_record(state.path)
    if record is None:
        return
    left = sweep.kill_processes(record.runtime_folder)
    if left:
        raise RunError(f"process {left[0]} of the mesh before this one does not end; end it by hand")
    RuntimeFolder(Path(record.runtime_folder)).remove()
    state.clear_record()
