"""One admitted proxy: what it should have, its streams, and what it last refused."""

from loopmesh.control.delta_stream import DeltaStream, Sent
from loopmesh.control.report import Rejection
from loopmesh.control.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE, Snapshot
from loopmesh.model.topology import Workload


class Proxy:
    """Knows the order of an update; the stream knows the protocol."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.snapshot = Snapshot()
        self.stream: DeltaStream | None = None
        self._rejections: dict[str, Rejection] = {}

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        return tuple(self._rejections.values())

    def note_answer(self, sent: Sent, message: str) -> None:
        """A refusal stands until a later answer for the same type is an ACK."""
        if not message:
            self._rejections.pop(sent.type_url, None)
            return
        self._rejections[sent.type_url] = Rejection(
            workload=self.workload.name,
            resource_type=sent.type_url.rpartition(".")[2],
            resources=sent.names,
            message=message,
        )

    async def update(self) -> bool:
        """Brings the proxy to its snapshot, make before break (xDS protocol, eventual consistency).

        New and changed clusters with their endpoints first, then listeners and routes, what is gone last. Returns
        whether the stream lasted until every answer came.
        """
        stream = self.stream
        if stream is None:
            return False
        clusters = stream.send_changes(CLUSTER, self.snapshot, remove=False)
        # An updated cluster warms until it gets its endpoints, which did not change and would not be sent.
        endpoints = stream.send_changes(ENDPOINT, self.snapshot, again=clusters.names if clusters else (), remove=False)
        if not await _answered(clusters, endpoints):
            return False
        listeners = stream.send_changes(LISTENER, self.snapshot)
        routes = stream.send_changes(ROUTE, self.snapshot)
        if not await _answered(listeners, routes):
            return False
        gone = [stream.send_changes(type_url, self.snapshot) for type_url in (CLUSTER, ENDPOINT)]
        return await _answered(*gone)


async def _answered(*sent: Sent | None) -> bool:
    return all([await one.answer is not None for one in sent if one is not None])
