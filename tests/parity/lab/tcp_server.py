"""A stream of lines, each answered with the instance's name and the line."""

import asyncio
import os

from script import INSTANCE, tell_addresses

SOCKET = os.environ["LISTEN_ADDR"].removeprefix("unix:")


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(f"{INSTANCE} {line.decode()}".encode())
        await writer.drain()
    writer.close()


async def main() -> None:
    tell_addresses()
    server = await asyncio.start_unix_server(serve, SOCKET)
    await server.serve_forever()


asyncio.run(main())
