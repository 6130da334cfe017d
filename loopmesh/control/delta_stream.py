"""One delta xDS stream with one proxy (xDS protocol, incremental).

Enters: requests of the proxy, and what it should have. Leaves: responses with what differs, and what was refused.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource

from loopmesh.control.resources import Snapshot, Versioned
from loopmesh.control.subscription import NONE, Refusal, Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A response whose ACK or NACK is still to come."""

    changed: Mapping[str, Versioned]
    removed: tuple[str, ...]

    @property
    def versions(self) -> dict[str, str]:
        return {name: found.version for name, found in self.changed.items()} | dict.fromkeys(self.removed, NONE)


class DeltaStream:
    """State of a stream; not safe for several threads, made for one event loop."""

    def __init__(self) -> None:
        self.closed = False
        self.complete = asyncio.Event()
        """Set when the proxy has answered its whole configuration once, or the stream has ended."""
        self._subscriptions: dict[str, Subscription] = {}
        self._unanswered: dict[str, Unanswered] = {}
        self._quiet = asyncio.Event()
        self._outgoing: asyncio.Queue[DeltaDiscoveryResponse | None] = asyncio.Queue()
        self._nonces = map(str, itertools.count(1))

    async def responses(self) -> AsyncIterator[DeltaDiscoveryResponse]:
        while (response := await self._outgoing.get()) is not None:
            yield response

    def close(self) -> None:
        """Ends `responses` and everything that waits for an answer."""
        self.closed = True
        self._outgoing.put_nowait(None)
        self._unanswered.clear()
        self._quiet.set()
        self.complete.set()

    async def answered(self) -> bool:
        """Returns when every response has its answer; false if the stream has ended."""
        while self._unanswered:
            await self._quiet.wait()
        return not self.closed

    @property
    def pending(self) -> bool:
        return bool(self._unanswered)

    def subscribed(self, type_url: str) -> bool:
        return type_url in self._subscriptions

    def refusals(self, snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
        """(type URL, name, Envoy's message) of what the proxy should have and has refused."""
        for type_url, subscription in self._subscriptions.items():
            for name, found in snapshot.of(type_url).items():
                if subscription.refuses(name, found):
                    yield type_url, name, subscription.refused[name].message

    def receive(self, request: DeltaDiscoveryRequest) -> bool:
        """Takes a request; returns whether the proxy asks for something."""
        opening = request.type_url not in self._subscriptions
        subscription = self._subscriptions.setdefault(request.type_url, Subscription(request.type_url))
        if opening:
            subscription.open(request)
        else:
            subscription.change(request)
        self._settle(subscription, request)
        return opening or bool(request.resource_names_subscribe)

    def send(
        self, type_url: str, snapshot: Snapshot, *, again: Iterable[str] = (), keep_gone: bool = False
    ) -> tuple[str, ...]:
        """Sends what differs from what the proxy has, and the names in `again` in any case; returns changed names.

        A name the proxy asked for and nobody has is answered as removed, so that it does not wait for it; a first
        question is answered even if there is nothing to say. `keep_gone` leaves what is gone to a later call.
        """
        subscription = self._subscriptions.get(type_url)
        if subscription is None or self.closed:
            return ()
        offered = snapshot.of(type_url)
        changed = subscription.changed(offered, frozenset(again))
        gone = [] if keep_gone else subscription.gone(offered)
        removed = (*subscription.missing(offered), *gone)
        if changed or removed or not subscription.answered:
            self._respond(subscription, changed, removed)
        return tuple(changed)

    def _settle(self, subscription: Subscription, request: DeltaDiscoveryRequest) -> None:
        response = self._unanswered.pop(request.response_nonce, None)
        if response is None:
            return
        if request.HasField("error_detail"):
            self._refuse(subscription, response, request.error_detail.message or "refused without a reason")
        else:
            subscription.accept(response.versions)
        if not self._unanswered:
            self._quiet.set()

    def _refuse(self, subscription: Subscription, response: Unanswered, message: str) -> None:
        """One bad resource must not keep the others of its response away: halves find it, whatever the message says."""
        newest = {name for name, version in response.versions.items() if subscription.withdraw(name, version)}
        if len(response.changed) == 1:
            for name, found in response.changed.items():
                subscription.refused[name] = Refusal(version=found.version, message=message)
            return
        current = [(name, found) for name, found in response.changed.items() if name in newest]
        middle = (len(current) + 1) // 2
        for half in (current[:middle], current[middle:]):
            if half:
                self._respond(subscription, dict(half), ())

    def _respond(self, subscription: Subscription, changed: Mapping[str, Versioned], removed: tuple[str, ...]) -> None:
        nonce = next(self._nonces)
        response = Unanswered(changed=changed, removed=removed)
        self._unanswered[nonce] = response
        self._quiet.clear()
        subscription.answered = True
        subscription.sent.update(response.versions)
        resources = [Resource(name=name, version=found.version, resource=found.body) for name, found in changed.items()]
        self._outgoing.put_nowait(
            DeltaDiscoveryResponse(
                type_url=subscription.type_url, nonce=nonce, resources=resources, removed_resources=removed
            )
        )
