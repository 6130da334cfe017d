"""Whose proxy routes are for, and where requests come in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loopmesh.model.routes.request_match import RequestMatch
from loopmesh.model.routes.stream_route import StreamMatch
from loopmesh.model.routing import MESH_GATEWAY


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteScope:
    """`gateway` is `mesh` or `namespace/name`, `port` the one dialled, `secure` whether the proxy ended TLS."""

    port: int
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    gateway: str = MESH_GATEWAY
    secure: bool = False

    def includes(self, match: RequestMatch) -> bool:
        """Whether the match counts for this proxy; gateways named make the caller's labels and namespace void (Istio
        `sourceMatchHTTP`)."""
        if match.port is not None and match.port != self.port:
            return False
        if match.gateways:
            return self.gateway in match.gateways
        return self._is_source(match)

    def includes_stream(self, match: StreamMatch) -> bool:
        """Unlike for requests, everything counts (Istio `matchTCP`, `matchTLS`)."""
        is_here = not match.gateways or self.gateway in match.gateways
        return is_here and match.port in (None, self.port) and self._is_source(match)

    def _is_source(self, match: RequestMatch | StreamMatch) -> bool:
        is_namespace = match.source_namespace in (None, self.namespace)
        return is_namespace and match.source_labels.items() <= self.labels.items()
