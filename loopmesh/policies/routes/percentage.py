"""Percent: a share of requests."""

from loopmesh.policies.fields import Fields

LEAST = 0.0001
"""Envoy counts in millionths."""


def read_percentage(fields: Fields) -> float:
    """`{value: 12.5}`; without `value` it is 0, as in Istio (`validatePercentage`)."""
    value = fields.number("value", least=0, most=100) or 0.0
    if 0 < value < LEAST:
        fields.refuse("value", f"a percentage is 0, or at least {LEAST}", "write 0, or a larger one")
    return value
