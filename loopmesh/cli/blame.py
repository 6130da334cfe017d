"""Which policies a refused piece of configuration comes from, by compiling without them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from loopmesh.cli.refusals import said
from loopmesh.compile import ProxyConfig
from loopmesh.control import Rejection
from loopmesh.model.mesh_settings import MESH_CONFIG
from loopmesh.model.policy import PolicyName, Source
from loopmesh.model.problem import InvalidInputError
from loopmesh.run.errors import RunError

MOST_COMPILED = 100
"""Compilations for all refusals together; suspects that are not asked by then are not blamed."""
CompileWithout = Callable[[Collection[PolicyName]], Awaitable[Mapping[str, ProxyConfig]]]
"""The proxies' configuration, by workload, were it not for these policies. Raises InvalidInputError and RunError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a proxy refused, and the policies it comes from as far as that is known."""

    rejection: Rejection
    policies: tuple[Source, ...] = ()


async def blame(
    rejections: Iterable[Rejection], suspects: Iterable[Source], compile_without: CompileWithout
) -> tuple[Refusal, ...]:
    """Names the suspects without which the refused resources would be others, or else would not be there at all; of
    refusals in the same words those that all of them have in common, if there are any. The mesh config, which has a
    hand in everything, is blamed where no other is.

    A single suspect is not asked.
    """
    found = tuple(rejections)
    named = {one.policy: one for one in suspects}
    if not found or len(named) < 2:
        return tuple(Refusal(rejection=one, policies=tuple(named.values())) for one in found)
    search = _Search(found, compile_without)
    await search.begin(list(named))
    alike: dict[str, list[Rejection]] = {}
    for one in found:
        alike.setdefault(said(one), []).append(one)
    blamed = {one: _narrowed(search, one, alike[said(one)]) for one in found}
    return tuple(
        Refusal(rejection=one, policies=tuple(named[name] for name in named if name in blamed[one])) for one in found
    )


def _narrowed(search: "_Search", rejection: Rejection, alike: Iterable[Rejection]) -> set[PolicyName]:
    own = search.shaping(rejection)
    common = own.intersection(*map(search.shaping, alike))
    for some in (common - {MESH_CONFIG}, common, own - {MESH_CONFIG}, own):
        if some:
            return some
    return search.needed(rejection)


class _Search:
    """By halves: what comes out the same without many of the suspects comes of none of them."""

    def __init__(self, rejections: Sequence[Rejection], compile_without: CompileWithout) -> None:
        self._rejections = rejections
        self._compile_without = compile_without
        self._left = MOST_COMPILED
        self._refused: Mapping[Rejection, list[bytes]] = {}
        self._shaping: dict[Rejection, set[PolicyName]] = {one: set() for one in rejections}
        self._needed: dict[Rejection, set[PolicyName]] = {one: set() for one in rejections}

    def shaping(self, rejection: Rejection) -> set[PolicyName]:
        """Without each of these it would be another."""
        return self._shaping[rejection]

    def needed(self, rejection: Rejection) -> set[PolicyName]:
        """Without each of these it would not be there."""
        return self._needed[rejection]

    async def begin(self, suspects: Sequence[PolicyName]) -> None:
        self._refused = await self._contents(self._rejections, ())
        await self._ask(list(self._refused), suspects)

    async def _ask(self, rejections: Sequence[Rejection], suspects: Sequence[PolicyName]) -> None:
        """Of suspects that together have a hand in all of these."""
        middle = (len(suspects) + 1) // 2
        for half in filter(None, (suspects[:middle], suspects[middle:])):
            if self._left > 0:
                self._left -= 1
                await self._ask_half(rejections, half)

    async def _ask_half(self, rejections: Sequence[Rejection], half: Sequence[PolicyName]) -> None:
        contents = await self._contents(rejections, half)
        concerned = [one for one in rejections if contents.get(one) != self._refused[one]]
        if len(half) > 1:
            if concerned:
                await self._ask(concerned, half)
            return
        for one in concerned:
            if one in contents:
                (self._shaping if contents[one] else self._needed)[one].update(half)

    async def _contents(
        self, rejections: Iterable[Rejection], gone: Collection[PolicyName]
    ) -> dict[Rejection, list[bytes]]:
        """Nothing where the others do not go without what would be gone."""
        await asyncio.sleep(0)  # Compiling takes a while; others have their turn in between.
        try:
            configs = await self._compile_without(gone)
        except (InvalidInputError, RunError):
            return {}
        return {one: _resources(one, configs) for one in rejections}


def _resources(rejection: Rejection, configs: Mapping[str, ProxyConfig]) -> list[bytes]:
    of_type: list[Message] = [
        messages[name]
        for type_url, messages in configs[rejection.workload].resources().items()
        for name in rejection.resources
        if type_url.endswith(f".{rejection.resource_type}") and name in messages
    ]
    return [message.SerializeToString(deterministic=True) for message in of_type]
