"""One delta xDS stream with one proxy: what it asked for, what it has, what it answered (xDS protocol, incremental).

Enters: requests of the proxy and snapshots. Leaves: responses, and for each a future that ends with its ACK or NACK.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource

from loopmesh.control.resources import Snapshot, Versioned

WILDCARD = "*"


@dataclass(slots=True)
class Subscription:
    """`versions` is what the proxy holds, or has been sent and not refused."""

    wildcard: bool = False
    names: set[str] = field(default_factory=set)
    versions: dict[str, str] = field(default_factory=dict)

    def wants(self, name: str) -> bool:
        return self.wildcard or name in self.names


@dataclass(slots=True)
class Sent:
    """A response and its `answer` to come: Envoy's message, "" for an ACK, None when the stream ended."""

    type_url: str
    names: tuple[str, ...]
    before: dict[str, str | None]
    answer: asyncio.Future[str | None]


class DeltaStream:
    """State of a stream; not safe for several threads, made for one event loop."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, Subscription] = {}
        self._waiting: dict[str, Sent] = {}
        self._outgoing: asyncio.Queue[DeltaDiscoveryResponse | None] = asyncio.Queue()
        self._nonces = map(str, itertools.count(1))

    async def responses(self) -> AsyncIterator[DeltaDiscoveryResponse]:
        while (response := await self._outgoing.get()) is not None:
            yield response

    def close(self) -> None:
        """Ends `responses` and everything that waits for an answer."""
        self._outgoing.put_nowait(None)
        for sent in self._waiting.values():
            if not sent.answer.done():
                sent.answer.set_result(None)
        self._waiting.clear()

    def receive(self, request: DeltaDiscoveryRequest) -> tuple[Sent, str] | None:
        """Takes a request; returns what it answers, if anything, with Envoy's message ("" for an ACK)."""
        first = request.type_url not in self.subscriptions
        subscription = self.subscriptions.setdefault(request.type_url, Subscription())
        subscribed = set(request.resource_names_subscribe)
        if WILDCARD in subscribed or (first and not subscribed):
            subscription.wildcard = True
        if first:
            subscription.versions.update(request.initial_resource_versions)
        for name in subscribed - {WILDCARD}:
            subscription.names.add(name)
            # Asked for again means: send it again, even if it has not changed.
            if not first:
                subscription.versions.pop(name, None)
        for name in request.resource_names_unsubscribe:
            subscription.names.discard(name)
            subscription.versions.pop(name, None)
        return self._settle(request)

    def _settle(self, request: DeltaDiscoveryRequest) -> tuple[Sent, str] | None:
        sent = self._waiting.pop(request.response_nonce, None) if request.response_nonce else None
        if sent is None:
            return None
        message = ""
        if request.HasField("error_detail"):
            message = request.error_detail.message or "refused without a reason"
            self._forget(sent)
        if not sent.answer.done():
            sent.answer.set_result(message)
        return sent, message

    def _forget(self, sent: Sent) -> None:
        """After a refusal the proxy still has what it had before."""
        versions = self.subscriptions[sent.type_url].versions
        for name, version in sent.before.items():
            if version is None:
                versions.pop(name, None)
            else:
                versions[name] = version

    def send_changes(
        self, type_url: str, snapshot: Snapshot, *, again: Iterable[str] = (), remove: bool = True
    ) -> Sent | None:
        """Sends what differs from what the proxy has, and the names in `again` in any case; None if there is nothing.

        A name the proxy asked for and nobody has is answered as removed, so that it does not wait for it.
        """
        subscription = self.subscriptions.get(type_url)
        if subscription is None:
            return None
        wanted = {name: found for name, found in snapshot.of(type_url).items() if subscription.wants(name)}
        repeated = set(again)
        changed = {
            name: found
            for name, found in wanted.items()
            if name in repeated or subscription.versions.get(name) != found.version
        }
        removed = self._removed(subscription, wanted) if remove else []
        if not changed and not removed:
            return None
        return self._send(type_url, subscription, changed, removed)

    def _removed(self, subscription: Subscription, wanted: dict[str, Versioned]) -> list[str]:
        held = [name for name, version in subscription.versions.items() if name not in wanted and version]
        missing = [name for name in subscription.names if name not in wanted and name not in subscription.versions]
        return sorted({*held, *missing})

    def _send(
        self, type_url: str, subscription: Subscription, changed: dict[str, Versioned], removed: list[str]
    ) -> Sent:
        names = (*changed, *removed)
        before = {name: subscription.versions.get(name) for name in names}
        subscription.versions.update({name: found.version for name, found in changed.items()})
        # The empty version remembers that the proxy was told there is none.
        subscription.versions.update(dict.fromkeys(removed, ""))
        if subscription.wildcard:
            for name in removed:
                del subscription.versions[name]
        return self._respond(type_url, changed, removed, before)

    def send_empty(self, type_url: str) -> Sent:
        """An answer without resources: a proxy's first question must not stay open."""
        return self._respond(type_url, {}, [], {})

    def _respond(
        self, type_url: str, changed: dict[str, Versioned], removed: list[str], before: dict[str, str | None]
    ) -> Sent:
        nonce = next(self._nonces)
        sent = Sent(
            type_url=type_url,
            names=(*changed, *removed),
            before=before,
            answer=asyncio.get_running_loop().create_future(),
        )
        self._waiting[nonce] = sent
        resources = [Resource(name=name, version=found.version, resource=found.body) for name, found in changed.items()]
        self._outgoing.put_nowait(
            DeltaDiscoveryResponse(type_url=type_url, nonce=nonce, resources=resources, removed_resources=removed)
        )
        return sent
