"""HTTPRetry: trying again."""

from http import HTTPStatus

from loopmesh.model.policy import Source
from loopmesh.model.routes.retry import Retry
from loopmesh.policies.fields import Fields

MOST_ATTEMPTS = 2**31 - 1
CONDITIONS = frozenset(
    {
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "envoy-ratelimited",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    }
)
"""Envoy's words for HTTP and gRPC (router filter, x-envoy-retry-on and x-envoy-retry-grpc-on)."""
STATUS_CODES = frozenset(str(status.value) for status in HTTPStatus)
DETAILS = ("retryOn", "perTryTimeout", "backoff", "retryRemoteLocalities", "retryIgnorePreviousHosts")


def read_retry(source: Source, fields: Fields) -> Retry:
    """Without `attempts` there are none, the zero of Istio's field. `source` is the policy it stands in."""
    attempts = fields.integer("attempts", least=0, most=MOST_ATTEMPTS)
    retry_on = fields.text("retryOn", check=_check_conditions) or ""
    is_off = attempts == 0 or not fields.has("attempts")
    if is_off and any(map(fields.has, DETAILS)):
        rule = "without `attempts`, or with 0, nothing is retried, so nothing else may be said"
        fields.refuse("attempts" if fields.has("attempts") else None, rule, "write how often, or `attempts: 0` alone")
    return Retry(
        attempts=attempts or 0,
        conditions=tuple(retry_on.split(",")) if retry_on else (),
        per_try_timeout_ms=fields.duration_ms("perTryTimeout"),
        backoff_ms=fields.duration_ms("backoff"),
        avoid_previous_hosts=fields.boolean("retryIgnorePreviousHosts"),
        remote_localities=bool(fields.boolean("retryRemoteLocalities")),
        source=source.at(fields.origin, fields.path),
    )


def _check_conditions(words: str) -> tuple[str, str] | None:
    for word in words.split(",") if words else ():
        if word != word.strip():
            return f"Istio takes no spaces around `{word.strip()}`", "write the words with commas only"
        if word not in CONDITIONS and word not in STATUS_CODES:
            return f"`{word}` is no retry condition", f"use {', '.join(sorted(CONDITIONS))} or a status code"
    return None
