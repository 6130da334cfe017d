"""A proxy that speaks raw delta xDS, so that tests can say and see every message."""

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import grpc
from envoy.service.discovery.v3.ads_pb2_grpc import AggregatedDiscoveryServiceStub
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from envoy.service.secret.v3.sds_pb2_grpc import SecretDiscoveryServiceStub

ANSWER_S = 10
PROBE = "type.googleapis.com/test.Probe"


class DeltaClient:
    """One stream. Says who it is in the first request only, as Envoy does."""

    def __init__(self, socket: Path, node_id: str, *, secrets: bool = False) -> None:
        # A connection of its own: gRPC would share one with an earlier client of the same address.
        self.channel = grpc.aio.insecure_channel(f"unix:{socket}", options=[("grpc.use_local_subchannel_pool", 1)])
        stub: Any = SecretDiscoveryServiceStub(self.channel) if secrets else None
        ads: Any = AggregatedDiscoveryServiceStub(self.channel)
        self.call: Any = stub.DeltaSecrets() if secrets else ads.DeltaAggregatedResources()
        self._node_id = node_id
        self._probes = map(str, itertools.count(1))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.call.cancel()
        await self.channel.close()

    async def say(self, type_url: str, **fields: Any) -> None:
        request = DeltaDiscoveryRequest(type_url=type_url, **fields)
        request.node.id, self._node_id = self._node_id, ""
        await self.call.write(request)

    async def ask(
        self, type_url: str, names: Iterable[str] = (), *, having: Mapping[str, str] | None = None
    ) -> DeltaDiscoveryResponse:
        await self.say(type_url, resource_names_subscribe=names, initial_resource_versions=having or {})
        return await self.hear()

    async def hear(self) -> DeltaDiscoveryResponse:
        response = await asyncio.wait_for(self.call.read(), ANSWER_S)
        assert isinstance(response, DeltaDiscoveryResponse), "the stream ended"
        return response

    async def accept(self, response: DeltaDiscoveryResponse) -> None:
        await self.say(response.type_url, response_nonce=response.nonce)

    async def refuse(self, response: DeltaDiscoveryResponse, message: str) -> None:
        await self.say(response.type_url, response_nonce=response.nonce, error_detail={"code": 13, "message": message})

    async def hears_nothing(self) -> bool:
        """Answers come in order, so one to a question asked now shows that none was under way."""
        name = next(self._probes)
        response = await self.ask(PROBE, [name])
        await self.accept(response)
        return response.type_url == PROBE and list(response.removed_resources) == [name]

    async def take_all(self, *questions: tuple[str, tuple[str, ...]]) -> dict[str, dict[str, str]]:
        """Asks for each type and accepts; returns versions by type and name."""
        held = {}
        for type_url, names in questions:
            response = await self.ask(type_url, names)
            await self.accept(response)
            held[type_url] = versions(response)
        return held


def versions(response: DeltaDiscoveryResponse) -> dict[str, str]:
    return {resource.name: resource.version for resource in response.resources}


def names(response: DeltaDiscoveryResponse) -> list[str]:
    return sorted(resource.name for resource in response.resources)
