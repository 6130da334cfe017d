"""The configuration of one proxy, with what it holds unpacked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message

from loopmesh.simulate.origin import Rule

TYPE_URL = "type.googleapis.com/"
Resources = Mapping[str, Mapping[str, Message]]
"""Messages by xDS type URL and name."""
Kind = TypeVar("Kind", bound=Message)


def unpack(packed: Any, kind: type[Kind]) -> Kind | None:
    """None for a message of another type."""
    message = kind()
    return message if packed.Unpack(message) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """`spiffe_id` is what its certificate says; empty if it has none. `token_rules` are the rules behind the providers
    of tokens, by the providers' names: configuration does not say them."""

    name: str
    spiffe_id: str
    resources: Resources
    token_rules: Mapping[str, Rule] = field(default_factory=dict)

    def listeners(self) -> Iterator[Listener]:
        yield from self._of(Listener)

    def listener(self, name: str) -> Listener | None:
        return self._named(Listener, name)

    def listener_names(self) -> Iterator[str]:
        yield from self._all(Listener)

    def cluster(self, name: str) -> Cluster | None:
        return self._named(Cluster, name)

    def assignment(self, cluster: Cluster) -> ClusterLoadAssignment | None:
        """The endpoints a cluster has: its own, or those that came for it."""
        if cluster.HasField("load_assignment"):
            return cluster.load_assignment
        return self._named(ClusterLoadAssignment, cluster.eds_cluster_config.service_name or cluster.name)

    def routes(self, manager: HttpConnectionManager) -> RouteConfiguration | None:
        """The manager's own routes, or those it asks for by name."""
        if manager.HasField("route_config"):
            return manager.route_config
        return self._named(RouteConfiguration, manager.rds.route_config_name)

    def _of(self, kind: type[Kind]) -> Iterator[Kind]:
        for message in self._all(kind).values():
            if isinstance(message, kind):
                yield message

    def _named(self, kind: type[Kind], name: str) -> Kind | None:
        found = self._all(kind).get(name)
        return found if isinstance(found, kind) else None

    def _all(self, kind: type[Message]) -> Mapping[str, Message]:
        return self.resources.get(TYPE_URL + kind.DESCRIPTOR.full_name, {})


def connection_manager(chain: FilterChain) -> HttpConnectionManager | None:
    """The chain's HTTP part; None for a chain that carries bytes."""
    filters: list[Filter] = list(chain.filters)
    return next((found for one in filters if (found := unpack(one.typed_config, HttpConnectionManager))), None)
