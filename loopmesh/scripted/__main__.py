"""`python -m loopmesh.scripted`: serves on LISTEN_ADDR, gRPC and HTTP/1.1 alike, until SIGTERM.

Which of the two a connection speaks is told by its first line; gRPC is handed on to a gRPC server on a socket of its
own.
"""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from loopmesh.scripted.grpc_calls import AnyMethod
from loopmesh.scripted.http_calls import HttpConnection
from loopmesh.scripted.script import Script
from loopmesh.scripted.wire import LINE_BYTES, SOCKET_VARIABLE

HTTP2_FIRST_LINE = b"PRI * HTTP/2.0\r\n"
CHUNK_BYTES = 64 * 1024
GRACE_S = 1


class Program:
    def __init__(self, script: Script, instance: str, grpc_socket: str) -> None:
        self._script = script
        self._instance = instance
        self._grpc_socket = grpc_socket

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Callers may break off at any point, which concerns nobody else."""
        try:
            line = await reader.readline()
            if line == HTTP2_FIRST_LINE:
                await self._hand_on(line, reader, writer)
            else:
                await HttpConnection(self._script, self._instance, reader, writer).serve(line)
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()

    async def _hand_on(self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_unix_connection(self._grpc_socket)
        onward_writer.write(line)
        copies = [
            asyncio.create_task(_copy(reader, onward_writer)),
            asyncio.create_task(_copy(onward_reader, writer)),
        ]
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        for copy in copies:
            copy.cancel()
        await asyncio.gather(*copies, return_exceptions=True)
        onward_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while content := await reader.read(CHUNK_BYTES):
        writer.write(content)
        await writer.drain()


async def _listen(program: Program, address: str) -> asyncio.Server:
    """`unix:/path` or `host:port`, as LISTEN_ADDR says it."""
    if address.startswith("unix:"):
        return await asyncio.start_unix_server(program.connection, address.removeprefix("unix:"), limit=LINE_BYTES)
    host, _, port = address.rpartition(":")
    return await asyncio.start_server(program.connection, host, int(port), limit=LINE_BYTES)


async def _run(instance: str, address: str, script_socket: str | None, folder: Path) -> None:
    script = Script(instance)
    if script_socket:
        await script.connect(script_socket)
    grpc_socket = str(folder / "grpc.sock")
    server = grpc.aio.server(handlers=[AnyMethod(script, instance)])
    server.add_insecure_port(f"unix:{grpc_socket}")
    await server.start()
    front = await _listen(Program(script, instance, grpc_socket), address)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    front.close()
    await server.stop(GRACE_S)


@contextmanager
def _private_folder(address: str) -> Iterator[Path]:
    """Where only this user may go: beside the socket it listens on, else a folder of its own."""
    if address.startswith("unix:"):
        yield Path(address.removeprefix("unix:")).parent
        return
    with tempfile.TemporaryDirectory(prefix="scripted-") as folder:
        yield Path(folder)


def main() -> None:
    address = os.environ["LISTEN_ADDR"]
    with _private_folder(address) as folder:
        asyncio.run(_run(os.environ["HOSTNAME"], address, os.environ.get(SOCKET_VARIABLE), folder))


if __name__ == "__main__":
    main()
