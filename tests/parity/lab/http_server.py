"""HTTP/1.1 that answers with what it saw; under /keys with the keys of the cases' tokens, late under /keys/late."""

import asyncio
import itertools
import json
import os
from http import HTTPStatus

from script import FOLDER, arrive, failure, tell_addresses, tell_port

PORT = os.environ.get("PORT")
SOCKET = os.environ.get("LISTEN_ADDR", "").removeprefix("unix:")
LONGEST_LINE = 1 << 20
LATE_S = 0.15
OUTSIDE_SOCKET = FOLDER / "outside.sock"
KEYS = {
    "keys": [
        {
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "kid": "one",
            "x": "MOHOVOWq-V4TxR_UWiZ3T1P-2LPyHGqjyijpkDEMoFg",
            "y": "QSDMMeKXPqYTVX_wgehxmyE5d3GzjRp1utf1oF6_mr0",
        }
    ]
}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        certificate = writer.get_extra_info("peercert") or {}
        turns = itertools.count(1)
        while request := await read_request(reader):
            request["turn"] = str(next(turns))
            request["certificate"] = dict(certificate.get("subjectAltName", ())).get("DNS", "")
            if not await answer(request, writer):
                break
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def read_request(reader: asyncio.StreamReader) -> dict | None:
    head = await reader.readuntil(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")[:-2]
    method, path, _ = line.split(" ", 2)
    headers: dict[str, str] = {}
    for field in fields:
        name, _, value = field.partition(":")
        name = name.lower()
        headers[name] = f"{headers[name]},{value.strip()}" if name in headers else value.strip()
    body = await read_body(reader, headers)
    return {"method": method, "path": path, "headers": headers, "body": body.decode()}


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


async def answer(request: dict, writer: asyncio.StreamWriter) -> bool:
    """Whether the connection goes on."""
    headers = request["headers"]
    if request["path"] == "/healthz":
        return await respond(writer, 200, b"", {})
    if request["path"].startswith("/keys"):
        await asyncio.sleep(LATE_S if "late" in request["path"] else 0)
        return await respond(writer, 200, json.dumps(KEYS).encode(), {})
    seen = {name: request[name] for name in ("method", "path", "body", "certificate", "turn")}
    arrival = arrive(headers, **seen)
    failed = await failure(headers, arrival["attempt"])
    if failed == "reset":
        return False
    status = int(failed) if failed else 200
    more = json.loads(headers.get("x-lab-respond", "{}"))
    return await respond(writer, status, json.dumps(arrival).encode(), {"x-lab-answer": arrival["instance"], **more})


async def respond(writer: asyncio.StreamWriter, status: int, body: bytes, headers: dict[str, str]) -> bool:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    return True


async def main() -> None:
    tell_addresses()
    if PORT:
        tell_port("OUTSIDE_PORT", PORT)
        server = await asyncio.start_server(serve, "127.0.0.1", int(PORT), limit=LONGEST_LINE)
        await asyncio.start_unix_server(serve, OUTSIDE_SOCKET, limit=LONGEST_LINE)
    else:
        server = await asyncio.start_unix_server(serve, SOCKET, limit=LONGEST_LINE)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
