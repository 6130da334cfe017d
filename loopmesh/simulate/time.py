"""Durations of the configuration, in milliseconds."""

from envoy.config.route.v3.route_components_pb2 import RouteAction
from google.protobuf.duration_pb2 import Duration

ROUTES_DEFAULT_MS = 15_000
"""Envoy's, where a route says nothing; 0 is no timeout."""


def route_timeout_ms(action: RouteAction) -> int:
    return milliseconds(action.timeout) if action.HasField("timeout") else ROUTES_DEFAULT_MS


def milliseconds(duration: Duration) -> int:
    return int(duration.ToMilliseconds())
