"""Delta ADS: clusters, endpoints, listeners and routes of a proxy on one ordered stream."""

from envoy.service.discovery.v3.ads_pb2_grpc import AggregatedDiscoveryServiceServicer
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from loopmesh.control.conversation import Admitted, Context, Requests, admit, converse, refuse_state_of_the_world
from loopmesh.control.delta_stream import DeltaStream


class AggregatedDiscovery(AggregatedDiscoveryServiceServicer):  # type: ignore[misc]
    """Answers admitted proxies only."""

    def __init__(self, admitted: Admitted) -> None:
        self._admitted = admitted

    async def DeltaAggregatedResources(
        self, request_iterator: Requests, context: "Context[DeltaDiscoveryRequest, DeltaDiscoveryResponse]"
    ) -> None:
        first = await anext(request_iterator, None)
        proxy = await admit(first, self._admitted, context)
        stream = DeltaStream()
        proxy.attach(stream)
        try:
            await converse(first, request_iterator, context, stream, lambda request: proxy.receive(request, stream))
        finally:
            proxy.detach(stream)

    async def StreamAggregatedResources(self, request_iterator: object, context: "Context[object, object]") -> None:
        await refuse_state_of_the_world(context)
