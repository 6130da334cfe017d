"""A real Envoy that holds one table of routes and says of each request which route took it.

Enters: a connection manager whose routes answer by themselves. Leaves: status and body of each answer.
"""

import http.client
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from envoy.config.bootstrap.v3.bootstrap_pb2 import Bootstrap
from envoy.config.core.v3.address_pb2 import Address, Pipe
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from google.protobuf import json_format

from loopmesh.run.envoy_binary import find_envoy
from loopmesh.simulate import Request
from tests.observing import wait_for

SOCKET = "in.sock"


@dataclass(frozen=True, slots=True)
class RealEnvoy:
    socket: Path

    def ask(self, request: Request) -> tuple[int, str]:
        """The status and the body."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.sock.connect(str(self.socket))
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"host": request.authority, **request.headers}.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def is_open(self) -> bool:
        try:
            self.ask(Request(authority="nobody", path="/"))
        except OSError:
            return False
        return True


@contextmanager
def running_envoy(manager: HttpConnectionManager) -> Iterator[RealEnvoy]:
    """Ends with the block."""
    with tempfile.TemporaryDirectory(prefix="lm-") as folder:
        config = Path(folder) / "envoy.json"
        config.write_text(json_format.MessageToJson(_bootstrap(manager)))
        process = subprocess.Popen(
            [
                str(find_envoy(os.environ)),
                "-c",
                str(config),
                "--concurrency",
                "1",
                "--disable-hot-restart",
                "-l",
                "error",
            ],
            cwd=folder,
        )
        try:
            envoy = RealEnvoy(Path(folder) / SOCKET)
            wait_for("the proxy answers", envoy.is_open)
            yield envoy
        finally:
            process.kill()
            process.wait(timeout=20)


def _bootstrap(manager: HttpConnectionManager) -> Bootstrap:
    network = Filter(name="envoy.filters.network.http_connection_manager")
    network.typed_config.Pack(manager)
    listener = Listener(
        name="in", address=Address(pipe=Pipe(path=SOCKET)), filter_chains=[FilterChain(filters=[network])]
    )
    bootstrap = Bootstrap()
    bootstrap.static_resources.listeners.append(listener)
    return bootstrap
