"""The public keys of token issuers: fetched, kept, and looked after while the mesh runs (Istio's JWKS resolver).

Enters: where keys are to be fetched. Leaves: the newest keys of each issuer, and a word when they changed. Keys once
fetched stay when their issuer cannot be reached.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from loopmesh.control.key_fetch import FetchError
from loopmesh.model.token import KeySource, key_set_problem

LOG = logging.getLogger(__name__)
Fetch = Callable[[str, float], Awaitable[bytes]]
"""The content at a URL, within so many seconds. Raises FetchError."""
DISCOVERY = "/.well-known/openid-configuration"
REFRESH_S = 20 * 60
"""Istio's PILOT_JWT_PUB_KEY_REFRESH_INTERVAL."""
QUICK_RETRIES = 7
QUICK_RETRY_S = 1
FIRST_PAUSE_S = 60
LONGEST_PAUSE_S = 60 * 60
MS_OF_S = 1000


class KeySets:
    """`changed` is called after keys that were there have been replaced or missing ones have come."""

    def __init__(
        self,
        fetch: Fetch,
        changed: Callable[[], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._fetch = fetch
        self._changed = changed
        self._sleep = sleep
        self._wanted: Mapping[KeySource, int] = {}
        self._known: dict[KeySource, str] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def known(self) -> Mapping[KeySource, str]:
        """What was fetched so far; never changed, but replaced."""
        return MappingProxyType(dict(self._known))

    async def follow(self, wanted: Mapping[KeySource, int]) -> None:
        """Takes care of these sources from now on, each with its timeout in milliseconds, and of no others.

        Returns when every source without keys has been asked once.
        """
        await self.stop()
        self._wanted = wanted
        self._known = {source: keys for source, keys in self._known.items() if source in wanted}
        await self._ask([source for source in wanted if source not in self._known])
        if wanted:
            self._task = asyncio.create_task(self._look_after())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _look_after(self) -> None:
        failures = 0 if self._wanted.keys() <= self._known.keys() else 1
        while True:
            await self._sleep(pause_s(failures))
            missing = [source for source in self._wanted if source not in self._known]
            asked = missing if 0 < failures <= QUICK_RETRIES and missing else list(self._wanted)
            before = dict(self._known)
            failures = 0 if await self._ask(asked) else failures + 1
            if self._known != before:
                await self._changed()

    async def _ask(self, sources: list[KeySource]) -> bool:
        """Whether every source answered with keys."""
        return all(await asyncio.gather(*map(self._ask_one, sources)))

    async def _ask_one(self, source: KeySource) -> bool:
        timeout_s = self._wanted[source] / MS_OF_S
        try:
            url = source.url or await self._discover(source.issuer, timeout_s)
            keys = (await self._fetch(url, timeout_s)).decode()
            if problem := key_set_problem(keys):
                raise FetchError(f"{url}: {problem}")
        except (FetchError, ValueError) as error:
            LOG.warning("no keys of issuer %s: %s", source.issuer or source.url, error)
            return False
        self._known[source] = keys
        return True

    async def _discover(self, issuer: str, timeout_s: float) -> str:
        """The issuer's own word on where its keys are (OpenID Connect Discovery section 4)."""
        said = json.loads(await self._fetch(issuer.removesuffix("/") + DISCOVERY, timeout_s))
        url = said.get("jwks_uri") if isinstance(said, dict) else None
        if not isinstance(url, str):
            raise FetchError(f"{issuer} names no jwks_uri")
        return url


def pause_s(failures: int) -> int:
    """Seconds until the next look, after so many failed ones in a row."""
    if failures == 0:
        return REFRESH_S
    if failures <= QUICK_RETRIES:
        return QUICK_RETRY_S
    return min(FIRST_PAUSE_S << min(failures - QUICK_RETRIES - 1, 6), LONGEST_PAUSE_S)
