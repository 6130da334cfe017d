"""When an instance is taken out, and for how long."""

from dataclasses import dataclass, field

from loopmesh.model.policy import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierDetection:
    """None is Istio's default, 0 errors switches a detector off.

    `split_local_errors` counts errors of the caller's own side (timeouts, refused connections) apart from answers.
    `source` is where it was read.
    """

    consecutive_5xx_errors: int | None = None
    consecutive_gateway_errors: int | None = None
    split_local_errors: bool = False
    consecutive_local_errors: int | None = None
    interval_ms: int | None = None
    base_ejection_ms: int | None = None
    max_ejection_percent: int | None = None
    min_health_percent: int | None = None
    source: Source | None = field(default=None, compare=False)
