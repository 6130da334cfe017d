"""Fetches keys over HTTP. A service of the mesh is reached at its proxy, as istiod reaches it: in plaintext, without an
identity of the mesh."""

import asyncio
import http.client
from collections.abc import Callable
from urllib.parse import SplitResult, urljoin, urlsplit

Locate = Callable[[str, int], tuple[str, int]]
"""Where a host and port are really reached."""
MOST_REDIRECTS = 10
MOST_BYTES = 1024 * 1024
PORTS = {"http": 80, "https": 443}
REDIRECTS = (301, 302, 303, 307, 308)


class FetchError(Exception):
    """Nothing usable is at a URL; the message says why."""


class KeyFetch:
    def __init__(self, locate: Locate) -> None:
        self._locate = locate

    async def __call__(self, url: str, timeout_s: float) -> bytes:
        """The content at the URL, redirects followed. Raises FetchError."""
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.to_thread(self._follow, url, timeout_s)
        except (TimeoutError, OSError, ValueError, http.client.HTTPException) as error:
            raise FetchError(f"{url}: {error or 'no answer in time'}") from error

    def _follow(self, url: str, timeout_s: float) -> bytes:
        for _ in range(MOST_REDIRECTS):
            parts = urlsplit(url)
            if parts.scheme not in PORTS or not parts.hostname:
                raise FetchError(f"{url}: this is no http or https URL")
            status, location, content = self._get(parts, timeout_s)
            if status in REDIRECTS and location:
                url = urljoin(url, location)
            elif http.client.OK <= status < http.client.MULTIPLE_CHOICES:
                return content
            else:
                raise FetchError(f"{url}: status {status}")
        raise FetchError(f"{url}: more than {MOST_REDIRECTS} redirects")

    def _get(self, parts: SplitResult, timeout_s: float) -> tuple[int, str | None, bytes]:
        host, port = self._locate(parts.hostname or "", parts.port or PORTS[parts.scheme])
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(host, port, timeout=timeout_s)
        try:
            target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
            connection.request("GET", target, headers={"host": parts.netloc.rpartition("@")[2]})
            answer = connection.getresponse()
            content = answer.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                raise FetchError(f"{parts.geturl()}: more than {MOST_BYTES} bytes")
            return answer.status, answer.getheader("location"), content
        finally:
            connection.close()
