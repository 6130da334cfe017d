"""Loopback addresses of their own for workloads, with the very ports they serve, as pods have.

Kept like a proxy's port (see `ports`): bound and never listening, so that only our proxies can share it. Never: accepts
a connection.
"""

import errno
import random
import socket
from collections.abc import Iterable

from loopmesh.run.errors import RunError

_ATTEMPTS = 100


class AddressLedger:
    """The addresses of one mesh, taken from 127.64.0.0/10; any process may use them, two meshes never share one."""

    def __init__(self) -> None:
        self._kept: dict[str, list[socket.socket]] = {}

    def allocate(self, ports: Iterable[int]) -> str:
        """An address on which all of these ports are free. Raises RunError when one may not be opened."""
        wanted = tuple(ports)
        for _ in range(_ATTEMPTS):
            address = _random_address()
            kept: list[socket.socket] = []
            if address not in self._kept and _take(address, wanted, kept):
                self._kept[address] = kept
                return address
        raise RunError(f"no loopback address has the ports {', '.join(map(str, wanted))} free; stop another mesh")

    def release(self, address: str) -> None:
        """Gives the address back to the machine."""
        for one in self._kept.pop(address):
            one.close()

    def close(self) -> None:
        for address in tuple(self._kept):
            self.release(address)


def _random_address() -> str:
    return f"127.{random.randint(64, 127)}.{random.randint(0, 255)}.{random.randint(1, 254)}"  # noqa: S311 # no secret


def _take(address: str, ports: tuple[int, ...], kept: list[socket.socket]) -> bool:
    """Whether all are ours now; bound without SO_REUSEPORT first, so that sharing with others is impossible."""
    for port in ports:
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        kept.append(one)
        try:
            one.bind((address, port))
        except OSError as error:
            for taken in kept:
                taken.close()
            if error.errno == errno.EADDRINUSE:
                return False
            raise RunError(
                f"port {port} cannot be opened on {address} ({error.strerror}); use one from 1024"
            ) from error
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return True
