"""What a mesh has beside the configuration a call meets: what goes on at destinations, and which services there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loopmesh.cli.explain.live_cluster import LiveCluster
from loopmesh.cli.explain.patches import Patches
from loopmesh.cli.explain.stated import Said
from loopmesh.cli.known_service import KnownService


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`live` by the names of clusters. `services` are those a caller may mean; none for a caller from outside. `said`
    is what policies say at places that were asked for. `patches` are those of all proxies."""

    live: Mapping[str, LiveCluster] = field(default_factory=dict)
    services: tuple[KnownService, ...] = ()
    said: Said = field(default_factory=dict)
    patches: Patches = field(default_factory=Patches)


ALONE = Surroundings()
