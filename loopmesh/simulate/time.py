"""Durations of the configuration, in milliseconds, and moments in words."""

from datetime import UTC, datetime

from envoy.config.route.v3.route_components_pb2 import RouteAction
from google.protobuf.duration_pb2 import Duration

ROUTES_DEFAULT_MS = 15_000
"""Envoy's, where a route says nothing; 0 is no timeout."""


def route_timeout_ms(action: RouteAction) -> int:
    return milliseconds(action.timeout) if action.HasField("timeout") else ROUTES_DEFAULT_MS


def utc(at_s: float) -> str:
    """`2026-01-31 08:05:00 UTC`, of seconds since the epoch."""
    try:
        return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError):
        return f"second {at_s}"


def milliseconds(duration: Duration) -> int:
    return int(duration.ToMilliseconds())
