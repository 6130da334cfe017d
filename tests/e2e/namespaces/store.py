"""Speaks a protocol of its own: answers every line with its name. Knows nothing of the mesh."""

import os
import socketserver
import sys


class Store(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for _ in self.rfile:
            self.wfile.write(f"{os.environ['HOSTNAME']}\n".encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Store).serve_forever()
