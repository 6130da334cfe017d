"""Routes for connections whose requests cannot be told apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loopmesh.model.policy import Source
from loopmesh.model.routes.destination import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMatch:
    """All given conditions must hold: the server name of the TLS handshake (without TLS there are none), the port
    dialled, where the connection comes in, and who the caller is."""

    server_names: tuple[str, ...] = ()
    port: int | None = None
    gateways: tuple[str, ...] = ()
    source_labels: Mapping[str, str] = field(default_factory=dict)
    source_namespace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRoute:
    """The first route with a match that holds wins; no matches take every connection."""

    matches: tuple[StreamMatch, ...] = ()
    destinations: tuple[Destination, ...]
    source: Source
