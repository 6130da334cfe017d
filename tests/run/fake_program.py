"""A program that answers GET /healthz on its LISTEN_ADDR and fails as its environment says.

JOURNAL: file to note starts and stops in. CRASHES: how many starts end at once. IGNORES_SIGTERM, STARTS_CHILD: flags.
A file named `sick` beside the journal makes it answer 503; beside it, `NAME.asked` holds the last question.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

JOURNAL = Path(os.environ["JOURNAL"])
NAME = os.environ["HOSTNAME"]


def note(what: str) -> None:
    with JOURNAL.open("a") as journal:
        journal.write(f"{NAME} program {what}\n")


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    JOURNAL.with_name(f"{NAME}.asked").write_bytes(await reader.readuntil(b"\r\n\r\n"))
    status = "503 Unavailable" if JOURNAL.with_name("sick").exists() else "200 OK"
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    writer.close()


def prepare() -> None:
    note("started")
    if JOURNAL.read_text().split("\n").count(f"{NAME} program started") <= int(os.environ.get("CRASHES", "0")):
        sys.exit("ValueError: scripted crash")
    if "STARTS_CHILD" in os.environ:
        child = subprocess.Popen(["sleep", "1000"])
        JOURNAL.with_name(f"{NAME}.child").write_text(str(child.pid))


async def main() -> None:
    prepare()
    if port := os.environ.get("PORT"):
        await asyncio.start_server(answer, "127.0.0.1", int(port))
    else:
        # Bound by hand, because asyncio would remove the name a killed server has left.
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(os.environ["LISTEN_ADDR"].removeprefix("unix:"))
        await asyncio.start_unix_server(answer, sock=listening)
    stopped = asyncio.Event()
    on_term = (lambda: note("ignored")) if "IGNORES_SIGTERM" in os.environ else stopped.set
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, on_term)
    await stopped.wait()
    note("stopped")


asyncio.run(main())
