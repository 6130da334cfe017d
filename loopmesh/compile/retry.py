"""Retries, with Istio's defaults (pilot/pkg/networking/core/route/retry)."""

from envoy.config.route.v3.route_components_pb2 import RetryPolicy
from envoy.extensions.retry.host.previous_hosts.v3.previous_hosts_pb2 import PreviousHostsPredicate

from loopmesh.compile.messages import duration, pack
from loopmesh.model.routing import Retry

DEFAULT_RETRY = Retry(attempts=2)
DEFAULT_CONDITIONS = ("connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes")
STATUS_CODES = "retriable-status-codes"


def retry_policy(retry: Retry | None) -> RetryPolicy | None:
    """None where retries are switched off; without a word from the policy, two retries of what is safe to repeat.

    Numbers among the conditions are HTTP status codes, as in Istio's `retryOn`.
    """
    retry = retry or DEFAULT_RETRY
    if retry.attempts <= 0:
        return None
    conditions = retry.conditions or DEFAULT_CONDITIONS
    codes = [int(condition) for condition in conditions if condition.isdigit()]
    words = [condition for condition in conditions if not condition.isdigit()]
    if codes and STATUS_CODES not in words:
        words.append(STATUS_CODES)
    policy = RetryPolicy(retry_on=",".join(words), retriable_status_codes=codes, host_selection_retry_max_attempts=5)
    policy.num_retries.value = retry.attempts
    predicate = RetryPolicy.RetryHostPredicate(name="envoy.retry_host_predicates.previous_hosts")
    predicate.typed_config.CopyFrom(pack(PreviousHostsPredicate()))
    policy.retry_host_predicate.append(predicate)
    if retry.per_try_timeout_ms is not None:
        policy.per_try_timeout.CopyFrom(duration(retry.per_try_timeout_ms))
    return policy
