"""Versioned resources: the same content has the same version, whoever asks."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message

TYPE_URL = "type.googleapis.com/"
CLUSTER = TYPE_URL + "envoy.config.cluster.v3.Cluster"
ENDPOINT = TYPE_URL + "envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENER = TYPE_URL + "envoy.config.listener.v3.Listener"
ROUTE = TYPE_URL + "envoy.config.route.v3.RouteConfiguration"
SECRET = TYPE_URL + "envoy.extensions.transport_sockets.tls.v3.Secret"

Resources = Mapping[str, Mapping[str, Message]]
"""Messages by type URL and name."""


@dataclass(frozen=True, slots=True)
class Versioned:
    version: str
    body: Any


@dataclass(slots=True)
class Snapshot:
    """What one proxy should have: versioned resources by type URL and name."""

    by_type: dict[str, dict[str, Versioned]] = field(default_factory=dict)

    def of(self, type_url: str) -> Mapping[str, Versioned]:
        return self.by_type.get(type_url, {})

    def version(self, type_url: str, name: str) -> str | None:
        found = self.of(type_url).get(name)
        return found.version if found else None


class Versioner:
    """Serialises each message once, however many proxies share it. Lives for one push."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Message, Versioned]] = {}

    def snapshot(self, resources: Resources) -> Snapshot:
        return Snapshot(
            {
                type_url: {name: self.versioned(message) for name, message in messages.items()}
                for type_url, messages in resources.items()
            }
        )

    def versioned(self, message: Message) -> Versioned:
        """The message is kept beside its version, so that its id stays its own."""
        if id(message) not in self._known:
            body = Any()
            body.Pack(message, deterministic=True)
            version = hashlib.blake2b(body.value, digest_size=8).hexdigest()
            self._known[id(message)] = (message, Versioned(version, body))
        return self._known[id(message)][1]
