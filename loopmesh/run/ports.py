"""Loopback TCP ports that stay ours while the mesh runs.

Leaves: port numbers. A proxy's port is kept by a socket that is bound and never listens: SO_REUSEPORT lets a proxy of
the same user listen on the number, the kernel gives it to nobody else. A program's port cannot be kept that way,
because programs bind without SO_REUSEPORT. Never: accepts a connection.
"""

import errno
import random
import socket
from pathlib import Path

import psutil

from loopmesh.model.topology import LOOPBACK
from loopmesh.run.errors import RunError

_FIRST_PROGRAM_PORT = 10_000
_EVERYWHERE = ("0.0.0.0", "::", LOOPBACK, "::ffff:127.0.0.1")  # noqa: S104 # addresses to compare with, not to bind


class PortLedger:
    """The ports of one mesh."""

    def __init__(self) -> None:
        self._kept: dict[int, socket.socket] = {}

    def allocate(self) -> int:
        """A free port. The kernel never picks one that is bound already, SO_REUSEPORT or not."""
        kept = _open_socket()
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind((LOOPBACK, 0))
        return self._keep(kept)

    def claim(self, port: int, option: str = "--edge-port") -> int:
        """This very port, which the user chose by `option`. Raises RunError when it is in use, also by another mesh.

        Bound without SO_REUSEPORT first, so that sharing is impossible, and opened to our proxies afterwards.
        SO_REUSEADDR only gets past connections of a mesh that has just ended.
        """
        kept = _open_socket()
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            kept.bind((LOOPBACK, port))
        except OSError as error:
            kept.close()
            raise RunError(f"{_why_not(port, error)}; choose another with {option}") from error
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        return self._keep(kept)

    def allocate_for_program(self) -> int:
        """A free port for a program to bind in any way. Raises RunError when there is none.

        Outside the range the kernel picks from, so no connection of another process gets it by chance; a name in the
        abstract Unix namespace, which ends with this process, keeps other meshes from choosing it.
        """
        candidates = _ports_never_picked()
        for port in random.sample(candidates, len(candidates)):
            if lock := _lock_free_port(port):
                self._kept[port] = lock
                return port
        raise RunError("no free TCP port is left for a program; stop another mesh")

    def release(self, port: int) -> None:
        """Gives the port back to the machine."""
        self._kept.pop(port).close()

    def close(self) -> None:
        for port in tuple(self._kept):
            self.release(port)

    def _keep(self, kept: socket.socket) -> int:
        port = int(kept.getsockname()[1])
        self._kept[port] = kept
        return port


def _open_socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def _ports_never_picked() -> list[int]:
    """Unprivileged ports outside net.ipv4.ip_local_port_range, or all when that range takes them all."""
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    unprivileged = range(_FIRST_PROGRAM_PORT, 65536)
    return [port for port in unprivileged if not low <= port <= high] or list(unprivileged)


def _lock_free_port(port: int) -> socket.socket | None:
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        lock.bind(f"\0loopmesh-port-{port}")
        with _open_socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind((LOOPBACK, port))
    except OSError:
        lock.close()
        return None
    return lock


def _why_not(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use{_holder(port)}"
    return f"port {port} cannot be opened ({error.strerror})"


def _holder(port: int) -> str:
    """Who listens there, as far as this user may see."""
    for connection in psutil.net_connections(kind="tcp"):
        local = connection.laddr
        if local and local.port == port and local.ip in _EVERYWHERE and connection.status == psutil.CONN_LISTEN:
            return _named(connection.pid)
    return " by a process that is not visible to this user"


def _named(pid: int | None) -> str:
    if pid is None:
        return " by a process of another user"
    try:
        return f" by {psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f" by pid {pid}"
