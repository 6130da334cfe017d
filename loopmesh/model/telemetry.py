"""What proxies tell about calls (Istio's Telemetry): spans and log lines."""

from dataclasses import dataclass
from enum import StrEnum

from loopmesh.model.policy import Source, WorkloadSelector
from loopmesh.model.span_tag import SpanTag


class Side(StrEnum):
    """Which side of a call a proxy stands on; an edge gateway is a client."""

    CLIENT = "client"
    SERVER = "server"


BOTH_SIDES = frozenset(Side)


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingRule:
    """Spans on `sides`. What is None is inherited from the wider policy; `tags` replace the wider one's as a whole.

    Of several `providers` the first counts.
    """

    sides: frozenset[Side] = BOTH_SIDES
    providers: tuple[str, ...] = ()
    disabled: bool | None = None
    sampling_percent: float | None = None
    tags: tuple[SpanTag, ...] | None = None
    istio_tags: bool | None = None
    sampled_by_request_id: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingRule:
    """Log lines on `sides` for calls that meet `condition` (a CEL expression; empty: all).

    Without `providers` it speaks of those of the wider policy.
    """

    sides: frozenset[Side] = BOTH_SIDES
    providers: tuple[str, ...] = ()
    disabled: bool = False
    condition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """Rules for the selected workloads; a narrower policy adds to the wider ones and overrides them."""

    source: Source
    selector: WorkloadSelector
    tracing: tuple[TracingRule, ...] = ()
    logging: tuple[LoggingRule, ...] = ()
