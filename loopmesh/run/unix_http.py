"""HTTP/1.1 requests over a Unix socket. Never: keeps a connection, follows a redirect."""

import asyncio
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    body: str


async def ask(socket: Path, path: str, *, timeout_s: float, method: str = "GET", agent: str = "loopmesh") -> Answer:
    """Raises OSError when nobody listens or the answer is no HTTP, TimeoutError when it takes too long."""
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_unix_connection(socket)
        try:
            head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {agent}\r\n"
            writer.write(f"{head}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
            raw = await reader.read(-1)
        finally:
            writer.close()
    return _parse(raw, socket)


def _parse(raw: bytes, socket: Path) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ConnectionError(f"no HTTP answer at {socket}")
    return Answer(status=int(words[1]), body=body.decode(errors="replace"))
