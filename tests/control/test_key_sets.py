"""Keys of token issuers are fetched, kept and looked after."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest

from loopmesh.control import FetchError, KeyFetch, KeySets
from loopmesh.control.key_sets import pause_s
from loopmesh.model.token import KeySource
from tests.published import Pages, published

FIVE_SECONDS = 5_000
OLD, NEW = (f'{{"keys": [{{"kty": "EC", "kid": "{name}"}}]}}' for name in ("old", "new"))


@dataclass
class Clock:
    """Sleeps end when the test says so."""

    pauses: asyncio.Queue[tuple[float, asyncio.Event]] = field(default_factory=asyncio.Queue)
    changes: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    async def sleep(self, seconds: float) -> None:
        over = asyncio.Event()
        await self.pauses.put((seconds, over))
        await over.wait()

    async def changed(self) -> None:
        await self.changes.put(None)

    async def pass_pause(self) -> float:
        """Lets the pause that is under way end; tells how long it was to be."""
        seconds, over = await self.pauses.get()
        over.set()
        return seconds


@pytest.fixture
def pages() -> Iterator[Pages]:
    with published({"/keys": OLD}) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def key_sets(clock: Clock) -> AsyncIterator[KeySets]:
    sets = KeySets(KeyFetch(lambda host, port: (host, port)), clock.changed, clock.sleep)
    yield sets
    await sets.stop()


def source(pages: Pages, path: str = "/keys") -> KeySource:
    return KeySource(issuer="issuer", url=f"{pages.url}{path}")


async def test_keys_are_there_when_they_were_asked_for(pages: Pages, key_sets: KeySets) -> None:
    await key_sets.follow({source(pages): FIVE_SECONDS})
    assert key_sets.known == {source(pages): OLD}


async def test_an_issuer_tells_where_its_keys_are(pages: Pages, key_sets: KeySets) -> None:
    pages.content["/.well-known/openid-configuration"] = f'{{"jwks_uri": "{pages.url}/keys"}}'
    issuer = KeySource(issuer=f"{pages.url}/")
    await key_sets.follow({issuer: FIVE_SECONDS})
    assert key_sets.known == {issuer: OLD}


async def test_known_keys_are_not_fetched_again_and_unwanted_ones_are_forgotten(
    pages: Pages, key_sets: KeySets
) -> None:
    await key_sets.follow({source(pages): FIVE_SECONDS})
    await key_sets.follow({source(pages): FIVE_SECONDS})
    assert pages.asked == ["/keys"]
    await key_sets.follow({})
    assert key_sets.known == {}


async def test_new_keys_of_an_issuer_are_taken_after_a_while(pages: Pages, key_sets: KeySets, clock: Clock) -> None:
    await key_sets.follow({source(pages): FIVE_SECONDS})
    pages.content["/keys"] = NEW
    assert await clock.pass_pause() == 20 * 60
    await clock.changes.get()
    assert key_sets.known == {source(pages): NEW}


async def test_missing_keys_are_asked_for_every_second_at_first(pages: Pages, key_sets: KeySets, clock: Clock) -> None:
    late = source(pages, "/late")
    await key_sets.follow({late: FIVE_SECONDS})
    assert key_sets.known == {}
    assert await clock.pass_pause() == 1
    assert await clock.pass_pause() == 1
    pages.content["/late"] = NEW
    await clock.pass_pause()
    await clock.changes.get()
    assert key_sets.known == {late: NEW}


@pytest.mark.parametrize("broken", ["", "no JSON", "[]", '{"keys": []}', '{"keys": [{}]}'])
async def test_known_keys_stay_when_the_issuer_fails(
    pages: Pages, key_sets: KeySets, clock: Clock, broken: str
) -> None:
    await key_sets.follow({source(pages): FIVE_SECONDS})
    pages.content["/keys"] = broken
    await clock.pass_pause()
    await clock.pass_pause()
    assert key_sets.known == {source(pages): OLD}
    assert clock.changes.empty()


def test_pauses_grow_to_an_hour() -> None:
    pauses = [pause_s(failures) for failures in range(16)]
    assert pauses == [1200, 1, 1, 1, 1, 1, 1, 1, 60, 120, 240, 480, 960, 1920, 3600, 3600]


async def test_redirects_are_followed_and_a_loop_ends(pages: Pages) -> None:
    fetch = KeyFetch(lambda host, port: (host, port))
    pages.redirects |= {"/moved": "/keys", "/loop": f"{pages.url}/loop", "/away": "file:///etc/hostname"}
    assert await fetch(f"{pages.url}/moved", 5) == OLD.encode()
    for path in ("/loop", "/away", "/missing"):
        with pytest.raises(FetchError, match=path if path == "/missing" else "redirects|http"):
            await fetch(f"{pages.url}{path}", 5)


async def test_a_host_is_asked_where_it_is_really_reached(pages: Pages) -> None:
    port = int(pages.url.rpartition(":")[2])
    fetch = KeyFetch(lambda host, wanted: ("127.0.0.1", port) if (host, wanted) == ("identity.shop", 80) else ("", 0))
    assert await fetch("http://identity.shop/keys", 5) == OLD.encode()
