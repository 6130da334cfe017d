"""What a proxy wants of one resource type, and what it has of it (xDS protocol, incremental). Never: sends anything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from loopmesh.control.resources import CLUSTER, LISTENER, Versioned

WILDCARD = "*"
WILDCARD_TYPES = frozenset({CLUSTER, LISTENER})
"""Asking for no name of these asks for all."""
NONE = ""
"""The version of a resource the proxy knows there is none of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The proxy will not be given this version of the resource again, unless it asks."""

    version: str
    message: str


@dataclass(slots=True)
class Subscription:
    """Versions by resource name: `held` the proxy has accepted, `sent` are on their way to it."""

    type_url: str
    wildcard: bool = False
    answered: bool = False
    """False while a question for everything is open: "nothing" must be said as well."""
    names: set[str] = field(default_factory=set)
    held: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)

    def open(self, request: DeltaDiscoveryRequest) -> None:
        """The first request of a stream; a proxy that was connected before says what it still has."""
        self.wildcard = self.type_url in WILDCARD_TYPES and not request.resource_names_subscribe
        self.held.update(request.initial_resource_versions)
        self._add(request.resource_names_subscribe)
        self.answered = not self.wildcard

    def change(self, request: DeltaDiscoveryRequest) -> None:
        """A later request. A name that is asked for again is sent again, even if it has not changed."""
        for name in (*request.resource_names_subscribe, *request.resource_names_unsubscribe):
            for versions in (self.held, self.sent, self.refused):
                versions.pop(name, None)
        self._add(request.resource_names_subscribe)
        self.names.difference_update(request.resource_names_unsubscribe)
        if WILDCARD in request.resource_names_unsubscribe:
            self.wildcard = False
            for versions in (self.held, self.sent):
                for name in versions.keys() - self.names:
                    del versions[name]

    def _add(self, names: Iterable[str]) -> None:
        self.wildcard = self.wildcard or WILDCARD in names
        self.names.update(name for name in names if name != WILDCARD)

    def changed(self, offered: Mapping[str, Versioned], again: frozenset[str]) -> dict[str, Versioned]:
        """What the proxy wants and has not; of what it has, the names in `again`."""
        believed = self.held | self.sent
        return {
            name: found
            for name, found in offered.items()
            # Of thousands most are as they were, so that is asked first.
            if (believed.get(name) != found.version or name in again)
            and (self.wildcard or name in self.names)
            and not self.refuses(name, found)
        }

    def gone(self, offered: Mapping[str, Versioned]) -> list[str]:
        """What the proxy has and should not have any more."""
        return sorted(name for name in (self.held | self.sent).keys() - offered.keys() if self._believed(name))

    def missing(self, offered: Mapping[str, Versioned]) -> list[str]:
        """What the proxy waits for and nobody has."""
        return sorted(name for name in self.names - offered.keys() if self._believed(name) is None)

    def refuses(self, name: str, found: Versioned) -> bool:
        return name in self.refused and self.refused[name].version == found.version

    def _believed(self, name: str) -> str | None:
        return self.sent.get(name, self.held.get(name))

    def accept(self, versions: Mapping[str, str]) -> None:
        for name, version in versions.items():
            self.withdraw(name, version)
            self.refused.pop(name, None)
            if version == NONE and name not in self.names:
                self.held.pop(name, None)
            else:
                self.held[name] = version

    def withdraw(self, name: str, version: str) -> bool:
        """The version is not on its way any more; false if a later one is."""
        newest = self.sent.get(name) == version
        if newest:
            del self.sent[name]
        return newest
