"""Which instance a call goes to."""

from dataclasses import dataclass, field
from enum import StrEnum

from loopmesh.model.policy import Source


class Spread(StrEnum):
    """Where nothing of a call decides."""

    LEAST_REQUEST = "LEAST_REQUEST"
    ROUND_ROBIN = "ROUND_ROBIN"
    RANDOM = "RANDOM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie that is given to callers without one when it has a lifetime; 0 is a cookie of the session."""

    name: str
    path: str = ""
    lifetime_ms: int | None = None
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistentHash:
    """Calls that are alike in one thing go to the same instance; at most one of the four things is given.

    `maglev_table_size` chooses Maglev; otherwise it is a ring, of Envoy's own size when `minimum_ring_size` is None.
    """

    header: str = ""
    query_parameter: str = ""
    cookie: Cookie | None = None
    source_address: bool = False
    minimum_ring_size: int | None = None
    maglev_table_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmup:
    """How calls to a new instance increase; None is Envoy's default."""

    duration_ms: int
    minimum_percent: float | None = None
    aggression: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancing:
    """Without `spread` and `consistent_hash` it is Istio's default, LEAST_REQUEST. With `goes_on` a connection goes on
    to the address its program has chosen. `source` is where it was read."""

    spread: Spread | None = None
    goes_on: bool = False
    consistent_hash: ConsistentHash | None = None
    warmup: Warmup | None = None
    source: Source | None = field(default=None, compare=False)
