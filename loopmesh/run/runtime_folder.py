"""The short folder that holds the sockets of one mesh.

Leaves: paths of sockets, one sub-folder per workload, which is the working directory of its proxy. Never: anything
that must survive the mesh.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from loopmesh.run.errors import RunError

LONGEST_SOCKET_PATH = 107
"""Bytes, without the final NUL (unix(7), sun_path)."""

_LONGEST_SOCKET_NAME = "health.sock"


class RuntimeFolder:
    """A folder only this user can enter. Made by `create_runtime_folder`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def control_socket(self) -> Path:
        return self.path / "control.sock"

    @property
    def admin_socket(self) -> Path:
        return self.path / "admin.sock"

    def workload(self, name: str) -> "WorkloadFolder":
        return WorkloadFolder(self.path / name)

    def check_lengths(self, workloads: Iterable[str]) -> None:
        """Raises RunError when a socket of the workload with the longest name would not fit."""
        longest = max(workloads, key=lambda name: len(os.fsencode(name)), default="")
        path = self.path / longest / _LONGEST_SOCKET_NAME
        length = len(os.fsencode(path))
        if length > LONGEST_SOCKET_PATH:
            raise RunError(
                f"the socket path {path} has {length} bytes, at most {LONGEST_SOCKET_PATH} are possible; "
                "shorten the service's name, or set XDG_RUNTIME_DIR to a shorter folder"
            )

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


class WorkloadFolder:
    """The sockets of one workload."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def application(self) -> Path:
        return self.path / "app.sock"

    @property
    def outbound(self) -> Path:
        return self.path / "out.sock"

    @property
    def health(self) -> Path:
        return self.path / "health.sock"

    @property
    def proxy_admin(self) -> Path:
        return self.path / "admin.sock"

    def create(self) -> None:
        self.path.mkdir(mode=0o700, exist_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def create_runtime_folder(environment: Mapping[str, str]) -> RuntimeFolder:
    """A new folder with mode 0700 below XDG_RUNTIME_DIR, or below /tmp when that is not set or not usable, as after
    `su`. Raises RunError when none can be made."""
    base = environment.get("XDG_RUNTIME_DIR", "")
    if not os.access(base, os.W_OK | os.X_OK):
        base = "/tmp"  # noqa: S108 # mkdtemp makes a private folder of its own
    try:
        return RuntimeFolder(Path(tempfile.mkdtemp(prefix="mesh-", dir=base)))
    except OSError as error:
        raise RunError(
            f"cannot create a folder for sockets in {base} ({error.strerror}); set XDG_RUNTIME_DIR to one you may use"
        ) from error
