"""Runs the real `mesh` command, as a user would, and reads what it says.

Enters: a state folder and arguments. Leaves: what the command printed. Never: anything behind the command's back.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MESH = Path(sys.executable).parent / "mesh"


class MeshCommandError(Exception):
    """A command that had to succeed did not; the message holds all it printed."""


@dataclass(slots=True)
class MeshProcess:
    """A mesh with a state folder of its own. `folder` is where its commands run."""

    state: Path
    folder: Path
    up_arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    _edge: tuple[str, ...] = ()

    def run(self, *arguments: str, timeout_s: float = 60, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs `mesh ARGUMENTS --state …` to its end, whatever its exit code."""
        return subprocess.run(
            [str(MESH), *arguments, "--state", str(self.state)],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def command(self, *arguments: str) -> str:
        """Runs a command that must succeed; returns what it printed."""
        result = self.run(*arguments)
        if result.returncode != 0:
            raise MeshCommandError(f"mesh {' '.join(arguments)}\n{result.stdout}{result.stderr}")
        return result.stdout

    def up(self) -> None:
        said = self.command("up", "--detach", "--edge-port", "0", *self.up_arguments)
        self._edge = tuple(line.rpartition(" ")[2] for line in said.splitlines() if line.startswith("edge "))

    def down(self) -> None:
        self.command("down")

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.command("status", "--json"))
        return status

    def workload(self, name: str) -> dict[str, Any]:
        return next(workload for workload in self.status()["workloads"] if workload["name"] == name)

    @property
    def edge(self) -> str:
        """The base URL of the edge's only server, as `up` told it."""
        (url,) = self._edge
        return url

    @contextmanager
    def forward(self, caller: str, target: str) -> Iterator[str]:
        """The `host:port` that `mesh forward` opened, for as long as the block lasts."""
        process = subprocess.Popen(
            [str(MESH), "forward", "--from", caller, target, "--state", str(self.state)],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise MeshCommandError(f"mesh forward --from {caller} {target} opened nothing")
            yield line.split()[0]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=20)

    @property
    def supervisor_pid(self) -> int:
        return int(json.loads((self.state / "mesh.json").read_text())["pid"])

    def call(self, caller: str, target: str, method: str, request: object = None, *arguments: str) -> dict[str, Any]:
        """A call that must succeed; returns the response's JSON."""
        answer: dict[str, Any] = json.loads(
            self.command("call", "--from", caller, target, method, "-d", json.dumps(request or {}), *arguments)
        )
        return answer

    def call_status(self, caller: str, target: str, method: str, request: object = None, *arguments: str) -> int:
        """The gRPC status a call ends with."""
        return self.run(
            "call", "--from", caller, target, method, "-d", json.dumps(request or {}), *arguments
        ).returncode
