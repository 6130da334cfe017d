"""Stands in for Envoy: same sockets, same command line, failures as scripted in `script.json` beside the journal.

Copies bytes from health.sock to the program's app.sock; answers /ready, /stats and /drain_listeners on admin.sock.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        upstream_reader, upstream_writer = await asyncio.open_unix_connection("app.sock")
    except OSError:
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()
        return
    await asyncio.gather(copy(reader, upstream_writer), copy(upstream_reader, writer))


class FakeEnvoy:
    def __init__(self, journal: Path, name: str) -> None:
        self.journal = journal
        self.name = name
        script = journal.with_name("script.json")
        self.script = json.loads(script.read_text()).get(name, {}) if script.exists() else {}

    def note(self, what: str) -> None:
        with self.journal.open("a") as journal:
            journal.write(f"{self.name} proxy {what}\n")

    async def administer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        status, body = "200 OK", "OK\n"
        if path == "/ready" and self.script.get("never_ready"):
            status, body = "503 Service Unavailable", "INITIALIZING\n"
        if path.startswith("/drain_listeners"):
            self.note("drained")
        if path.startswith("/stats"):
            self.note("asked for calls")
            body = f"cluster.inbound|80||.upstream_rq_active: {self.calls()}\n"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        writer.close()

    def calls(self) -> int:
        calls = self.journal.with_name("calls")
        return int(calls.read_text()) if calls.exists() else 0

    def prepare(self) -> None:
        self.note("started")
        starts = self.journal.read_text().split("\n").count(f"{self.name} proxy started")
        if starts <= self.script.get("crashes", 0):
            sys.exit("scripted crash")
        for socket in ("admin.sock", "health.sock"):
            Path(socket).unlink(missing_ok=True)

    async def run(self) -> None:
        self.prepare()
        await asyncio.start_unix_server(self.administer, "admin.sock")
        if not self.script.get("never_healthy"):
            await asyncio.start_unix_server(pass_on, "health.sock")
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        await stopped.wait()
        self.note("stopped")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    node = json.loads(arguments[arguments.index("--config-yaml") + 1])["node"]
    asyncio.run(FakeEnvoy(Path(arguments[0]), node["id"].split("~")[2].partition(".")[0]).run())
