"""HTTP/1.1 through a workload's proxy, over the Unix socket its program would dial."""

import http.client
import socket
from collections.abc import Mapping

from loopmesh.testing.answers import HttpAnswer


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("mesh", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def send_request(
    socket_path: str,
    *,
    authority: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | str | None,
    timeout_s: float,
) -> HttpAnswer:
    """Raises OSError when the proxy does not answer in time."""
    connection = _Connection(socket_path, timeout_s)
    try:
        connection.request(method, path, body, {"host": authority, **headers})
        answer = connection.getresponse()
        received = {name.lower(): value for name, value in answer.getheaders()}
        return HttpAnswer(status=answer.status, headers=received, body=answer.read())
    finally:
        connection.close()
