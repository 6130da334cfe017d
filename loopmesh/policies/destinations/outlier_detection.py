"""outlierDetection: when an instance is taken out, and for how long."""

from loopmesh.model.destinations.outlier_detection import OutlierDetection
from loopmesh.model.policy import Source
from loopmesh.policies.analysis import Message
from loopmesh.policies.destinations.limit import MOST, read_limit
from loopmesh.policies.fields import Fields

PERCENT = 100
LEAST_CODE, MOST_CODE = 100, 599


def read_outlier_detection(source: Source, fields: Fields) -> OutlierDetection:
    _read_unheeded(fields)
    split = bool(fields.boolean("splitExternalLocalOriginErrors"))
    local = read_limit(fields, "consecutiveLocalOriginFailures")
    if local and not split:
        rule = "local errors are counted apart only with `splitExternalLocalOriginErrors`"
        fields.refuse("consecutiveLocalOriginFailures", rule, "add `splitExternalLocalOriginErrors: true`")
    return OutlierDetection(
        consecutive_5xx_errors=fields.integer("consecutive5xxErrors", least=0, most=MOST),
        consecutive_gateway_errors=fields.integer("consecutiveGatewayErrors", least=0, most=MOST),
        split_local_errors=split,
        consecutive_local_errors=local,
        interval_ms=fields.duration_ms("interval"),
        base_ejection_ms=fields.duration_ms("baseEjectionTime"),
        max_ejection_percent=fields.integer("maxEjectionPercent", least=0, most=PERCENT),
        min_health_percent=fields.integer("minHealthPercent", least=0, most=PERCENT),
        source=source.at(fields.origin, fields.path),
    )


def _read_unheeded(fields: Fields) -> None:
    """Fields that change nothing: Istio warns of the one, and does nothing yet with the other."""
    if fields.integer("consecutiveErrors", least=0, most=MOST):
        rule = "Istio heeds consecutiveGatewayErrors and consecutive5xxErrors in its place"
        fields.warn("consecutiveErrors", Message.SCHEMA_WARNING, rule, "write one of them")
    if fields.integers("outlierDetectionHttpErrorCodes", least=LEAST_CODE, most=MOST_CODE):
        rule = "Istio's generator does nothing with it"
        fields.warn("outlierDetectionHttpErrorCodes", None, rule, "remove it")
