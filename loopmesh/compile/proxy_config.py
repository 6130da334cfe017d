"""The configuration of one proxy, by resource type and name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from google.protobuf.message import Message

TYPE_URL = "type.googleapis.com/"
CLUSTER = TYPE_URL + "envoy.config.cluster.v3.Cluster"
ENDPOINT = TYPE_URL + "envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENER = TYPE_URL + "envoy.config.listener.v3.Listener"
ROUTE = TYPE_URL + "envoy.config.route.v3.RouteConfiguration"
SECRET = TYPE_URL + "envoy.extensions.transport_sockets.tls.v3.Secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyConfig:
    """Messages by name. Messages are shared between proxies and must not be changed.

    `secrets` are certificates shown to the outside; what a proxy is within the mesh it gets elsewhere.
    """

    clusters: Mapping[str, Message]
    endpoints: Mapping[str, Message]
    listeners: Mapping[str, Message]
    routes: Mapping[str, Message]
    secrets: Mapping[str, Message] = field(default_factory=dict)

    def resources(self) -> dict[str, Mapping[str, Message]]:
        """By xDS type URL."""
        return {
            CLUSTER: self.clusters,
            ENDPOINT: self.endpoints,
            LISTENER: self.listeners,
            ROUTE: self.routes,
            SECRET: self.secrets,
        }
