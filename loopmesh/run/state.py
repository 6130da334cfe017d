"""The state folder of a mesh: lock, logs, data, and who runs it.

Enters: a path (default `.loopmesh/`). Leaves: the folder, locked for this process; `mesh.json` for the other commands.
Never: sockets, which live in the runtime folder because their paths must be short.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from loopmesh.run.errors import RunError


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshRecord:
    """What mesh.json says about the running mesh. `started_at` is seconds since the epoch."""

    pid: int
    started_at: float
    runtime_folder: str
    admin_socket: str


class StateFolder:
    """A locked state folder. Made by `open_state`."""

    def __init__(self, path: Path, lock: TextIO) -> None:
        self.path = path
        self._lock = lock

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def traces(self) -> Path:
        return self.path / "traces.db"

    def program_log(self, workload: str) -> Path:
        return self.logs / f"{workload}.log"

    def proxy_log(self, workload: str) -> Path:
        return self.logs / f"{workload}.envoy.log"

    def database(self, service: str) -> Path:
        """Where a service keeps its SQLite database unless its values say otherwise; the folder exists afterwards."""
        folder = self.data / service
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{service}.db"

    def write_record(self, record: MeshRecord) -> None:
        """Replaces mesh.json in one step, so a reader never sees half of it."""
        draft = self.path / ".mesh.json"
        draft.write_text(json.dumps(asdict(record), indent=2) + "\n")
        draft.replace(_record_path(self.path))

    def clear_record(self) -> None:
        _record_path(self.path).unlink(missing_ok=True)

    def close(self) -> None:
        """Lets another mesh use the folder."""
        self._lock.close()


def open_state(path: Path) -> StateFolder:
    """Creates what is missing and takes the lock. Raises RunError: not writable, or a mesh runs there already."""
    path = path.absolute()
    try:
        for folder in (path, path / "logs", path / "data"):
            folder.mkdir(parents=True, exist_ok=True)
        lock = (path / "lock").open("a")
        _check_writable(path)
    except OSError as error:
        raise RunError(
            f"cannot write to the state folder {path} ({error.strerror}); give a folder you may write to with --state"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise RunError(_already_running(path)) from error
    return StateFolder(path, lock)


def read_record(path: Path) -> MeshRecord | None:
    """What mesh.json says, None when there is none. Raises RunError when it cannot be read."""
    try:
        return MeshRecord(**json.loads(_record_path(path).read_text()))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(
            f"cannot read {_record_path(path)}: {error.strerror}; name another folder with --state"
        ) from error
    except (ValueError, TypeError) as error:
        raise RunError(f"cannot read {_record_path(path)} ({error}); remove it if no mesh runs there") from error


def is_running(path: Path) -> bool:
    """Whether a live mesh holds the folder; asks the lock, which the kernel frees with the process."""
    try:
        with (path / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _record_path(path: Path) -> Path:
    return path / "mesh.json"


def _check_writable(path: Path) -> None:
    for folder in (path, path / "logs", path / "data"):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(0, f"no permission to write to {folder}")


def _already_running(path: Path) -> str:
    record = read_record(path)
    pid = f" (pid {record.pid})" if record else ""
    return f"a mesh already runs in {path}{pid}; stop it with `mesh down --state {path}`, or give another --state"
