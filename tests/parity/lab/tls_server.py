"""TCP whose TLS the program ends itself; answers a line with who it is."""

import asyncio
import os
import ssl
from pathlib import Path

from script import FOLDER, INSTANCE, tell_addresses


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            writer.write(INSTANCE.encode() + b" " + line)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main() -> None:
    tell_addresses()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(Path(FOLDER) / "secure.example.com.pem")
    path = os.environ["LISTEN_ADDR"].removeprefix("unix:")
    server = await asyncio.start_unix_server(serve, path, ssl=context)
    await server.serve_forever()


asyncio.run(main())
