"""HTTP servers of the tests' own, on loopback ports."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NONE: Mapping[str, str] = {}


class Handler(BaseHTTPRequestHandler):
    """Says nothing on standard error."""

    def reply(self, body: bytes, status: int = 200, headers: Mapping[str, str] = NONE) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(handler: type[Handler], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port; with a context for TLS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context is not None:
        # Whoever is refused keeps nobody else waiting.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
