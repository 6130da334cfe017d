"""Shares of requests, in percent."""

from envoy.type.v3.percent_pb2 import FractionalPercent

ALL = 100.0
DENOMINATORS = {
    FractionalPercent.HUNDRED: 100,
    FractionalPercent.TEN_THOUSAND: 10_000,
    FractionalPercent.MILLION: 1_000_000,
}


def percent(fraction: FractionalPercent) -> float:
    return min(ALL, ALL * int(fraction.numerator) / DENOMINATORS[fraction.denominator])
