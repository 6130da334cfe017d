"""Answers GET /NAME with its own name and with what the TCP server at the address in variable NAME answers."""

import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def answer_of(address: str) -> str:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.removeprefix("store://"), int(port)), timeout=5) as connection:
            connection.sendall(b"who?\n")
            return connection.makefile().readline().strip() or "closed"
    except OSError:
        return "closed"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = os.environ.get(self.path.strip("/"))
        body = f"{os.environ['HOSTNAME']} {answer_of(address) if address else 'nowhere'}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
