"""One child process.

Enters: a Launch. Leaves: a process in a session of its own (Ctrl-C in a terminal does not reach it) that the kernel
kills with the supervisor, its output in a log file, its exit. Never: starts anything again.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loopmesh.run import bound_to_parent

LONGEST_LOG_BYTES = 16 * 1024 * 1024
"""Beyond it a start begins a new file and keeps one old one."""

_LOG_TAIL_BYTES = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start a process. `stale_sockets` are removed first: a killed server leaves its socket's name behind."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    stale_sockets: tuple[Path, ...] = field(default=())


class ChildProcess:
    """A started process; must be made in a running event loop, by the thread that lives as long as the supervisor
    (the kernel's death signal is bound to the thread that forked)."""

    def __init__(self, launch: Launch) -> None:
        for socket in launch.stale_sockets:
            socket.unlink(missing_ok=True)
        self._log = launch.log
        _set_aside(launch.log)
        self._log_start = launch.log.stat().st_size
        self._loop = asyncio.get_running_loop()
        self._exited: asyncio.Future[int] = self._loop.create_future()
        self._popen = _start(launch)
        self._pidfd = os.pidfd_open(self._popen.pid)
        self._loop.add_reader(self._pidfd, self._reap)

    @property
    def pid(self) -> int:
        return self._popen.pid

    async def wait(self) -> int:
        """The return code, as in subprocess: negative for a signal."""
        return await asyncio.shield(self._exited)

    def signal(self, number: signal.Signals) -> None:
        """To the process alone; nothing happens when it has ended."""
        if not self._exited.done():  # Until then the process id cannot be another's.
            os.kill(self._popen.pid, number)

    async def stop(self, grace_s: float) -> None:
        """SIGTERM, and SIGKILL to its whole group when it has not ended after `grace_s` seconds."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await self.wait()
        except TimeoutError:
            if not self._exited.done():
                self._kill_group()
            await self.wait()

    def exit_reason(self) -> str:
        """`exited with code 1: last line of its log (log: path)`; for a process that has ended."""
        code = self._exited.result()
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
        line = last_line(self._log, self._log_start)
        return f"{how}{': ' + line if line else ''} (log: {self._log})"

    def _reap(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._kill_group()  # What it started must not outlive it; the group's id is ours until it is reaped.
        self._exited.set_result(self._popen.wait())

    def _kill_group(self) -> None:
        os.killpg(self._popen.pid, signal.SIGKILL)


def last_line(log: Path, start: int) -> str:
    """The last line after the first `start` bytes that says anything, at most 300 characters."""
    with log.open("rb") as file:
        file.seek(max(start, file.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def _set_aside(log: Path) -> None:
    """A log that has grown too long becomes `….1`; the file exists afterwards."""
    if log.exists() and log.stat().st_size > LONGEST_LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))
    log.touch()


def _start(launch: Launch) -> subprocess.Popen[bytes]:
    """Through subprocess and not the event loop: it uses vfork, which runs no fork handlers of libraries."""
    wrapper = (sys.executable, "-I", "-S", str(bound_to_parent.__file__), str(os.getpid()))
    with launch.log.open("ab") as log:
        return subprocess.Popen(
            [*wrapper, *launch.argv],
            cwd=launch.folder,
            env=dict(launch.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
