"""The HTTP/1.1 side: any method on any path, on connections that stay open; health checks are no calls."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

from loopmesh.scripted.script import Script
from loopmesh.scripted.wire import Answer, Headers

BODY_BYTES = 64 * 1024 * 1024
PROBE = "kube-probe/"
"""How the user agent of a health check begins, of loopmesh's as of Kubernetes'."""


class HttpConnection:
    """One connection, from its first line, which has been read already."""

    def __init__(
        self, script: Script, instance: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._script = script
        self._instance = instance
        self._reader = reader
        self._writer = writer

    async def serve(self, first_line: bytes) -> None:
        """Until the caller closes it, or says something that is no HTTP."""
        line = first_line
        while line:
            words = line.decode("latin-1").split()
            if len(words) != 3:
                return
            headers = await self._headers()
            body = await self._body(dict(headers))
            answer = await self._answer(words[0], words[1], headers, body)
            self._write(answer, with_body=words[0] != "HEAD")
            await self._writer.drain()
            line = await self._reader.readline()

    async def _answer(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        if dict(headers).get("user-agent", "").startswith(PROBE):
            return Answer()
        return await self._script.answer(protocol="http", method=method, path=path, headers=headers, body=body)

    async def _headers(self) -> Headers:
        found = []
        while line := (await self._reader.readline()).decode("latin-1").strip():
            name, _, value = line.partition(":")
            found.append((name.strip().lower(), value.strip()))
        return tuple(found)

    async def _body(self, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", ""):
            return b"".join([chunk async for chunk in self._chunks()])
        return await self._reader.readexactly(min(int(headers.get("content-length", "0")), BODY_BYTES))

    async def _chunks(self) -> AsyncIterator[bytes]:
        while size := int((await self._reader.readline()).split(b";")[0], 16):
            yield await self._reader.readexactly(size)
            await self._reader.readline()
        await self._headers()

    def _write(self, answer: Answer, *, with_body: bool) -> None:
        try:
            reason = HTTPStatus(answer.status).phrase
        except ValueError:
            reason = "Unknown"
        headers = {"x-instance": self._instance, **dict(answer.headers)}
        headers["content-length"] = str(len(answer.body))
        lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self._writer.write(head + (answer.body if with_body else b""))
