"""Somebody else's authorizer, over HTTP: a call passes that says `x-authorize: allow`.

Its own answer says what it was asked in `x-checked`; whether anybody sees that is for the mesh to say.
"""

import asyncio

from http_server import SOCKET, read_request, respond
from script import tell_addresses


async def serve(reader, writer):
    try:
        while request := await read_request(reader):
            headers = request["headers"]
            told = [name for name in ("x-told", "x-added") if name in headers]
            checked = " ".join([request["method"], request["path"], *told, request["body"]]).strip()
            allowed = request["path"] == "/healthz" or headers.get("x-authorize") == "allow"
            body = b"" if allowed else b"denied by the authorizer"
            more = {"x-checked": checked, "x-secret": "kept"}
            await respond(writer, 200 if allowed else 403, body, more)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    tell_addresses()
    server = await asyncio.start_unix_server(serve, SOCKET)
    await server.serve_forever()


asyncio.run(main())
