"""What `mesh up` is told."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

DEFAULT_VALUES = Path("helm/shop/values.yaml")
DEFAULT_POLICIES = Path("istio")
DEFAULT_STATE = Path(".loopmesh")
DEFAULT_EDGE_PORT = 8080


class ControlPlaneKind(StrEnum):
    """Whose configuration the proxies get."""

    LOOPMESH = "loopmesh"
    ISTIO = "istio"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """`policies` is None for an application without any; `edge_port` 0 takes a free one."""

    values: Path
    policies: Path | None
    state: Path
    edge_port: int
    control_plane: ControlPlaneKind = ControlPlaneKind.LOOPMESH
