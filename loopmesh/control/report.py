"""What proxies did with what they were given."""

from dataclasses import dataclass, replace
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
    """Workloads by how they answered what was new to them: accepted all, refused some, or not in time. Absent ones get
    it on connecting."""

    acknowledged: tuple[str, ...]
    rejections: tuple[Rejection, ...]
    absent: tuple[str, ...]
    late: tuple[str, ...]
    milliseconds: float

    def after(self, first: "PushReport") -> "PushReport":
        """Of two pushes that are one change."""
        rejections = tuple(dict.fromkeys((*first.rejections, *self.rejections)))
        refusing = {rejection.workload for rejection in rejections}
        return replace(
            self,
            acknowledged=tuple(name for name in self.acknowledged if name not in refusing),
            rejections=rejections,
            milliseconds=first.milliseconds + self.milliseconds,
        )
