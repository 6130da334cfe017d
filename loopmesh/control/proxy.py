"""One admitted proxy: what it should have, and the stream it has it from."""

import asyncio
from collections.abc import Callable

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from loopmesh.control.delta_stream import DeltaStream
from loopmesh.control.report import ProxyEvent, Rejection
from loopmesh.control.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, Snapshot
from loopmesh.model.topology import Workload

DESTINATIONS = (CLUSTER, ENDPOINT)
"""Taken away only when nothing refers to them any more."""


class Proxy:
    """Knows the order of an update; the stream knows the protocol."""

    def __init__(self, workload: Workload, notify: Callable[[str, ProxyEvent], None]) -> None:
        self.workload = workload
        self.snapshot: Snapshot | None = None
        """None until the first push: a proxy that was configured before must not lose what it has."""
        self.stream: DeltaStream | None = None
        self._notify = notify
        self._updating = asyncio.Lock()

    def attach(self, stream: DeltaStream) -> None:
        """The proxy's newest stream is the one that counts."""
        if self.stream is not None:
            self.stream.close()
        self.stream = stream
        self._notify(self.workload.name, ProxyEvent.CONNECTED)

    def detach(self, stream: DeltaStream) -> None:
        if self.stream is stream:
            self.stream = None
            self._notify(self.workload.name, ProxyEvent.DISCONNECTED)

    @property
    def configured(self) -> bool:
        return self.stream is not None and self.stream.complete.is_set() and not self.stream.closed

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """What it should have and has refused; a different version, once pushed, ends a rejection."""
        return self.rejections_since(None)

    def rejections_since(self, earlier: Snapshot | None) -> tuple[Rejection, ...]:
        """Without what it should have had before: a proxy that is late may refuse that when something else is new."""
        if self.stream is None or self.snapshot is None:
            return ()
        known, now = earlier or Snapshot(), self.snapshot
        return tuple(
            Rejection(
                workload=self.workload.name,
                resource_type=type_url.rpartition(".")[2],
                resources=(name,),
                message=message,
            )
            for type_url, name, message in self.stream.refusals(now)
            if known.version(type_url, name) != now.version(type_url, name)
        )

    def receive(self, request: DeltaDiscoveryRequest, stream: DeltaStream) -> None:
        """Answers what the proxy asks for, as far as there has been a push."""
        asks = stream.receive(request)
        if self.snapshot is None:
            return
        if asks:
            stream.send(request.type_url, self.snapshot, keep_gone=request.type_url in DESTINATIONS)
        if not stream.complete.is_set() and not stream.pending and self._asked_for_all(stream, self.snapshot):
            stream.complete.set()
            self._remove_destinations(stream)
            self._notify(self.workload.name, ProxyEvent.CONFIGURED)

    def _asked_for_all(self, stream: DeltaStream, snapshot: Snapshot) -> bool:
        """Envoy asks for listeners when its clusters are ready, and for routes and secrets when listeners name them."""
        needed = [CLUSTER, LISTENER]
        if not self.rejections:
            needed += [type_url for type_url in (ENDPOINT, ROUTE, SECRET) if snapshot.of(type_url)]
        return all(map(stream.subscribed, needed))

    async def update(self) -> bool:
        """Brings the proxy to its snapshot, make before break (xDS protocol, eventual consistency).

        New and changed clusters with their endpoints and secrets first, then listeners and routes, what is gone last.
        Returns whether the stream lasted until every answer came.
        """
        async with self._updating:
            stream = self.stream
            if stream is None or self.snapshot is None:
                return False
            changed = stream.send(CLUSTER, self.snapshot, keep_gone=True)
            # An updated cluster warms until it gets its endpoints, which did not change and would not be sent.
            stream.send(ENDPOINT, self.snapshot, again=changed, keep_gone=True)
            stream.send(SECRET, self.snapshot)
            if await stream.answered():
                stream.send(LISTENER, self.snapshot)
                stream.send(ROUTE, self.snapshot)
            if await stream.answered():
                await stream.complete.wait()
                self._remove_destinations(stream)
            return await stream.answered()

    def _remove_destinations(self, stream: DeltaStream) -> None:
        if self.snapshot is not None:
            for type_url in DESTINATIONS:
                stream.send(type_url, self.snapshot)
