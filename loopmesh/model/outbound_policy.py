"""What becomes of calls to hosts that nobody has declared (Istio's `outboundTrafficPolicy`)."""

from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.policy import Source
from loopmesh.model.routes.destination import Destination


class UnknownHosts(StrEnum):
    """Calls of them are answered with 502, go where the program was going, or where the name in them leads."""

    REFUSED = "REGISTRY_ONLY"
    PASSED_ON = "ALLOW_ANY"
    LOOKED_UP = "ALLOW_ANY_DYNAMIC_DNS"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundPolicy:
    """With a `proxy` all calls of unknown hosts go there. `source` is None where nobody wrote it."""

    unknown_hosts: UnknownHosts
    proxy: Destination | None = None
    source: Source | None = field(default=None, compare=False)

    @property
    def looks_up_names(self) -> bool:
        """Whether a call can go to whatever host it names."""
        return self.unknown_hosts is not UnknownHosts.REFUSED and self.proxy is None


PASSED_ON = OutboundPolicy(unknown_hosts=UnknownHosts.PASSED_ON)
"""Istio's default (`DefaultMeshConfig`)."""
