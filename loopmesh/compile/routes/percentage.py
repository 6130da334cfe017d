"""Shares of requests, as Envoy counts them."""

from envoy.config.core.v3.base_pb2 import RuntimeFractionalPercent
from envoy.type.v3.percent_pb2 import FractionalPercent

MILLIONTHS_OF_PERCENT = 10_000


def millionths(percent: float) -> FractionalPercent:
    """Cut to millionths, as in Istio (`translatePercentToFractionalPercent`)."""
    return FractionalPercent(numerator=int(percent * MILLIONTHS_OF_PERCENT), denominator=FractionalPercent.MILLION)


def share(percent: float) -> RuntimeFractionalPercent:
    return RuntimeFractionalPercent(default_value=millionths(percent))
