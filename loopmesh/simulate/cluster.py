"""A destination as the caller's proxy knows it: its balancing, limits and outlier detection."""

from collections.abc import Mapping
from dataclasses import dataclass

from envoy.config.cluster.v3.circuit_breaker_pb2 import CircuitBreakers
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import DEFAULT

from loopmesh.model.setting import Setting
from loopmesh.simulate.origin import Rule, rule_of, rule_of_setting
from loopmesh.simulate.time import milliseconds

UNLIMITED = 2**32 - 1
LIMIT_NAMES = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
ENVOY_DEFAULTS = {"max_connections": 1024, "max_pending_requests": 1024, "max_requests": 1024, "max_retries": 3}
DEFAULT_INTERVAL_MS = 10_000
DEFAULT_EJECTION_MS = 30_000
DEFAULT_MAX_EJECTION_PERCENT = 10
DEFAULT_ERRORS = 5
DEFAULT_BUDGET_PERCENT = 20.0
DEFAULT_LEAST_RETRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier:
    """Errors in a row that take an instance out (0: never), how often it is looked at, and for how long it is out."""

    consecutive_5xx_errors: int
    consecutive_gateway_errors: int
    interval_ms: int
    base_ejection_ms: int
    max_ejection_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Retries may be `percent` of the calls on their way and of those that began within the interval, and always
    `least`."""

    percent: float
    least: int
    interval_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """`limits` holds those that are set, by Envoy's names; a `budget` replaces the one on retries. `rule` is the policy
    that shaped the cluster, `host` the one that has added its host, if one did; the other rules are those of its
    settings. `decides_tls`: connections are opened as it says, not as each instance takes them."""

    name: str
    rule: Rule | None
    host: Rule | None
    balancing_rule: Rule | None
    limits_rule: Rule | None
    ejection_rule: Rule | None
    balancing: str
    connect_timeout_ms: int
    limits: Mapping[str, int]
    budget: Budget | None
    outlier: Outlier | None
    decides_tls: bool


def cluster_facts(cluster: Cluster) -> ClusterFacts:
    return ClusterFacts(
        name=cluster.name,
        rule=rule_of(cluster.metadata),
        host=rule_of_setting(cluster.metadata, Setting.ADDED_HOST),
        balancing_rule=rule_of_setting(cluster.metadata, Setting.BALANCING),
        limits_rule=rule_of_setting(cluster.metadata, Setting.LIMITS),
        ejection_rule=rule_of_setting(cluster.metadata, Setting.EJECTION),
        balancing=Cluster.LbPolicy.Name(cluster.lb_policy),
        connect_timeout_ms=milliseconds(cluster.connect_timeout),
        limits=_limits(cluster),
        budget=_budget(cluster),
        outlier=_outlier(cluster) if cluster.HasField("outlier_detection") else None,
        decides_tls=not cluster.transport_socket_matches,
    )


def _thresholds(cluster: Cluster) -> list[CircuitBreakers.Thresholds]:
    return [one for one in cluster.circuit_breakers.thresholds if one.priority == DEFAULT]


def _limits(cluster: Cluster) -> dict[str, int]:
    limits = dict(ENVOY_DEFAULTS)
    for threshold in _thresholds(cluster):
        limits |= {name: getattr(threshold, name).value for name in LIMIT_NAMES if threshold.HasField(name)}
    if _budget(cluster) is not None:
        del limits["max_retries"]
    return {name: limit for name, limit in limits.items() if limit < UNLIMITED}


def _budget(cluster: Cluster) -> Budget | None:
    said = next((one.retry_budget for one in _thresholds(cluster) if one.HasField("retry_budget")), None)
    if said is None:
        return None
    return Budget(
        percent=said.budget_percent.value if said.HasField("budget_percent") else DEFAULT_BUDGET_PERCENT,
        least=_or(said, "min_retry_concurrency", DEFAULT_LEAST_RETRIES),
        interval_ms=milliseconds(said.budget_interval),
    )


def _outlier(cluster: Cluster) -> Outlier:
    detection = cluster.outlier_detection
    has = detection.HasField
    enforces_5xx = not has("enforcing_consecutive_5xx") or detection.enforcing_consecutive_5xx.value
    # Envoy counts gateway errors only where it is told to.
    enforces_gateway = detection.enforcing_consecutive_gateway_failure.value
    gateway = detection.consecutive_gateway_failure
    return Outlier(
        consecutive_5xx_errors=_or(detection, "consecutive_5xx", DEFAULT_ERRORS) if enforces_5xx else 0,
        consecutive_gateway_errors=(gateway.value or DEFAULT_ERRORS) if enforces_gateway else 0,
        interval_ms=milliseconds(detection.interval) if has("interval") else DEFAULT_INTERVAL_MS,
        base_ejection_ms=milliseconds(detection.base_ejection_time)
        if has("base_ejection_time")
        else DEFAULT_EJECTION_MS,
        max_ejection_percent=_or(detection, "max_ejection_percent", DEFAULT_MAX_EJECTION_PERCENT),
    )


def _or(message: object, field: str, default: int) -> int:
    value: int = getattr(message, field).value if message.HasField(field) else default  # type: ignore[attr-defined]
    return value
