"""How workloads prove to each other who they are (Istio's PeerAuthentication)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.policy import Source, WorkloadSelector


class PeerMode(StrEnum):
    """What a sidecar accepts: mutual TLS only, both, or plaintext only. Istio's default is PERMISSIVE."""

    STRICT = "STRICT"
    PERMISSIVE = "PERMISSIVE"
    DISABLE = "DISABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAuthentication:
    """`mode` None inherits (workload from namespace from mesh); the mesh-wide one lives in the root namespace.
    `port_modes` are by the workload's port number and count only with a selector."""

    source: Source
    selector: WorkloadSelector
    mode: PeerMode | None = None
    port_modes: Mapping[int, PeerMode] = field(default_factory=dict)
