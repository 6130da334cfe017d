"""Retries, with Istio's defaults (pilot/pkg/networking/core/route/retry)."""

from envoy.config.route.v3.route_components_pb2 import RetryPolicy
from envoy.extensions.retry.host.previous_hosts.v3.previous_hosts_pb2 import PreviousHostsPredicate
from envoy.extensions.retry.priority.previous_priorities.v3.previous_priorities_config_pb2 import (
    PreviousPrioritiesConfig,
)

from loopmesh.compile.messages import duration, pack
from loopmesh.model.routes.retry import Retry

DEFAULT_RETRY = Retry(attempts=2)
DEFAULT_CONDITIONS = ("connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes")
STATUS_CODES = "retriable-status-codes"
PRIORITY_UPDATE_FREQUENCY = 2


def retry_policy(retry: Retry | None, *, hashed: bool = False) -> RetryPolicy | None:
    """None where retries are switched off; without a word from policy or mesh, two retries of what is safe to repeat.

    `hashed` says that requests are spread by a hash, so that a retry belongs to the same instance. Numbers among the
    conditions are HTTP status codes, as in Istio's `retryOn`.
    """
    retry = retry or DEFAULT_RETRY
    if retry.attempts <= 0:
        return None
    policy = _conditions(retry)
    policy.num_retries.value = retry.attempts
    policy.host_selection_retry_max_attempts = 5
    if retry.per_try_timeout_ms is not None:
        policy.per_try_timeout.CopyFrom(duration(retry.per_try_timeout_ms))
    if retry.backoff_ms is not None:
        policy.retry_back_off.base_interval.CopyFrom(duration(retry.backoff_ms))
    avoids = not hashed if retry.avoid_previous_hosts is None else retry.avoid_previous_hosts
    if avoids:
        predicate = policy.retry_host_predicate.add(name="envoy.retry_host_predicates.previous_hosts")
        predicate.typed_config.CopyFrom(pack(PreviousHostsPredicate()))
    if retry.remote_localities:
        policy.retry_priority.name = "envoy.retry_priorities.previous_priorities"
        config = PreviousPrioritiesConfig(update_frequency=PRIORITY_UPDATE_FREQUENCY)
        policy.retry_priority.typed_config.CopyFrom(pack(config))
    return policy


def _conditions(retry: Retry) -> RetryPolicy:
    conditions = retry.conditions or DEFAULT_CONDITIONS
    codes = [int(condition) for condition in conditions if condition.isdigit()]
    words = [condition for condition in conditions if not condition.isdigit()]
    if codes and STATUS_CODES not in words:
        words.append(STATUS_CODES)
    return RetryPolicy(retry_on=",".join(words), retriable_status_codes=codes)
