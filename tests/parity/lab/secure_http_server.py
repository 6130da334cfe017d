"""HTTP/1.1 over TLS, as a host outside the mesh; asks for a certificate, and takes calls without one."""

import asyncio
import os
import ssl

from http_server import LONGEST_LINE, serve
from script import FOLDER, tell_port


async def main() -> None:
    port = os.environ["PORT"]
    tell_port("OUTSIDE_TLS_PORT", port)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=FOLDER / "authority.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_cert_chain(FOLDER / "secure.example.com.pem")
    server = await asyncio.start_server(serve, "127.0.0.1", int(port), limit=LONGEST_LINE, ssl=context)
    await server.serve_forever()


asyncio.run(main())
