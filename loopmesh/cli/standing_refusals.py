"""What proxies refuse of the policies in force: they had not answered the change in time, or came later.

A change is taken back when a proxy refuses it; of these everything else is in force, and the proxy goes on with what it
had. Enters: what became of changes. Leaves: refusals with the policies they come from.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from loopmesh.cli.blame import Refusal
from loopmesh.control import PushReport, Rejection
from loopmesh.model.policy import PolicyName

PATIENCE_S = 3
"""Whoever asks waits no longer for the policies behind it, and has them the next time."""


class StandingRefusals:
    """Looks for policies only when somebody asks, once for each refusal and change."""

    def __init__(
        self,
        find: Callable[[], Sequence[Rejection]],
        blame: Callable[[Iterable[Rejection], Collection[PolicyName] | None], Awaitable[tuple[Refusal, ...]]],
        changing: asyncio.Lock,
    ) -> None:
        """`find` tells what is refused now; `blame` suspects the policies named, or all; meanwhile nothing changes."""
        self._find = find
        self._blame = blame
        self._changing = changing
        self._untaken: dict[str, dict[PolicyName, None]] = {}
        """By workload, what has changed since its proxy took all there was."""
        self._known: dict[Rejection, Refusal] = {}
        self._searching: asyncio.Task[None] | None = None

    def note(self, names: Iterable[PolicyName], push: PushReport) -> None:
        """A change is in force."""
        self._known.clear()
        refusing = {one.workload for one in self._find()}
        for workload in {*push.acknowledged, *push.absent} - refusing:
            self._untaken.pop(workload, None)
        for workload in push.late:
            self._untaken.setdefault(workload, {}).update(dict.fromkeys(names))

    async def refusals(self) -> list[Refusal]:
        if any(one not in self._known for one in self._find()):
            if self._searching is None or self._searching.done():
                self._searching = asyncio.create_task(self._search())
            await asyncio.wait([self._searching], timeout=PATIENCE_S)
        return [self._known.get(one, Refusal(rejection=one)) for one in self._find()]

    async def stop(self) -> None:
        if self._searching is not None:
            self._searching.cancel()
            await asyncio.wait([self._searching])

    async def _search(self) -> None:
        async with self._changing:
            unknown = [one for one in self._find() if one not in self._known]
            of_change = [one for one in unknown if one.workload in self._untaken]
            names = {name for one in of_change for name in self._untaken[one.workload]}
            for refusal in await self._blame(of_change, names):
                if refusal.policies:
                    self._known[refusal.rejection] = refusal
            others = [one for one in unknown if one not in self._known]
            for refusal in await self._blame(others, None):
                self._known[refusal.rejection] = refusal
