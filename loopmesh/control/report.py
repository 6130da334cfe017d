"""What proxies did with what they were given."""

from dataclasses import dataclass
from enum import StrEnum


class ControlError(Exception):
    """The control plane cannot work; one line that says what and where."""


class ProxyEvent(StrEnum):
    """CONFIGURED: it has answered its whole configuration for the first time since it connected."""

    CONNECTED = "connected"
    CONFIGURED = "configured"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A configuration a proxy refused, with Envoy's own words; it goes on with the one before."""

    workload: str
    resource_type: str
    resources: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushReport:
    """Workloads by how they answered: accepted all, refused some, or not in time. Absent ones get it on connecting."""

    acknowledged: tuple[str, ...]
    rejections: tuple[Rejection, ...]
    absent: tuple[str, ...]
    late: tuple[str, ...]
    milliseconds: float
