"""Answers GET /time over HTTP/1.1 with what the clock says. Knows of the mesh only its environment."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc

messages, services = grpc.protos_and_services("clock.proto")
channel = grpc.insecure_channel(
    os.environ.get("MESH_OUTBOUND", "clock:7000"), options=[("grpc.default_authority", "clock:7000")]
)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self.answer(200, "ok")
        elif self.path == "/time":
            self.tell_time()
        else:
            self.answer(404, "no such page")

    def tell_time(self) -> None:
        try:
            now = services.ClockServiceStub(channel).GetTime(messages.GetTimeRequest(), timeout=5)
        except grpc.RpcError as error:
            self.answer(502, error.code().name)
        else:
            self.answer(200, f"{os.environ['GREETING']} {now.time} at {now.instance}")

    def answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


host, _, port = os.environ["LISTEN_ADDR"].rpartition(":")
ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
