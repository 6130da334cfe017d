"""Kills whatever still runs in a runtime folder: `sweep.py RUNTIME_FOLDER`, run as a script, waits until its input
ends, which it does when the supervisor has died in whatever way, then sweeps and removes the folder.

A process belongs to a runtime folder, whose random name nothing else carries, when it was started with it as
LOOPMESH_RUNTIME: proxies, programs, and all that those have started. So a reused process id is never mistaken for one.
Only the standard library, so that the waiting script stays small. Never: touches processes of other users.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

MARK = "LOOPMESH_RUNTIME"
LONGEST_S = 5.0
_POLL_S = 0.01


def find_processes(runtime_folder: str) -> tuple[int, ...]:
    """Process ids, the caller's own left out; processes that have ended but are not reaped do not count."""
    ids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return tuple(pid for pid in ids if pid != os.getpid() and _belongs(Path(f"/proc/{pid}"), runtime_folder))


def kill_processes(runtime_folder: str) -> tuple[int, ...]:
    """Kills until none is found; returns those that are left after `LONGEST_S` seconds."""
    deadline = time.monotonic() + LONGEST_S
    while (found := find_processes(runtime_folder)) and time.monotonic() < deadline:
        for pid in found:
            _kill(pid)
        time.sleep(_POLL_S)
    return found


def _belongs(process: Path, runtime_folder: str) -> bool:
    """The environment of a process that has ended, or is another user's, cannot be read."""
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{MARK}={runtime_folder}".encode() in variables


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def main(runtime_folder: str) -> None:
    sys.stdin.buffer.read()
    kill_processes(runtime_folder)
    shutil.rmtree(runtime_folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
