"""What a command asks a proxy's admin interface."""

import http.client
import json
import socket
from typing import Any

from loopmesh.cli.errors import CommandError

TIMEOUT_S = 10


def ask_proxy(admin_socket: str, path: str) -> str:
    """Raises CommandError when nobody answers."""
    connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT_S)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(TIMEOUT_S)
    try:
        connection.sock.connect(admin_socket)
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    except OSError as error:
        raise CommandError(f"the proxy does not answer at {admin_socket}: {error}; see `mesh status`") from error
    finally:
        connection.close()


def ask_proxy_json(admin_socket: str, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(ask_proxy(admin_socket, path))
    return answer


def bound_listeners(admin_socket: str) -> dict[tuple[str, int], str]:
    """The names of all listeners by address and port, those on Unix sockets apart. Raises CommandError."""
    listeners = ask_proxy_json(admin_socket, "/listeners?format=json").get("listener_statuses", ())
    addresses = (
        (listener["name"], one.get("socket_address"))
        for listener in listeners
        for one in (listener.get("local_address", {}), *listener.get("additional_local_addresses", ()))
    )
    return {(one["address"], one["port_value"]): name for name, one in addresses if one}
