"""Connection pools: the limits at which Envoy answers instead of the overloaded service, and how connections are kept
(Istio `applyConnectionPool`)."""

from envoy.config.cluster.v3.circuit_breaker_pb2 import CircuitBreakers
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.address_pb2 import TcpKeepalive

from loopmesh.compile.messages import duration
from loopmesh.model.destinations.connection_pool import ConnectionPool
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.traffic import RetryBudget

UNLIMITED = 2**32 - 1


def apply_breaker(
    cluster: Cluster, pool: ConnectionPool, settings: MeshSettings, budget: RetryBudget | None = None
) -> None:
    """Sets the thresholds and the time to connect; without a limit there is none, as in Istio."""
    cluster.connect_timeout.CopyFrom(duration(pool.connect_timeout_ms or settings.connect_timeout_ms))
    threshold = CircuitBreakers.Thresholds(track_remaining=True)
    threshold.max_connections.value = _limit(pool.max_connections)
    threshold.max_pending_requests.value = _limit(pool.max_pending_requests)
    threshold.max_requests.value = _limit(pool.max_requests)
    threshold.max_retries.value = _limit(pool.max_retries)
    if budget is not None:
        threshold.retry_budget.budget_percent.value = budget.percent
        threshold.retry_budget.min_retry_concurrency.value = budget.min_concurrency
        if budget.interval_ms is not None:
            threshold.retry_budget.budget_interval.CopyFrom(duration(budget.interval_ms))
    cluster.circuit_breakers.thresholds.append(threshold)
    _keep_alive(cluster, pool)


def _limit(value: int | None) -> int:
    return UNLIMITED if value is None else value


def _keep_alive(cluster: Cluster, pool: ConnectionPool) -> None:
    """What is not said is left to the operating system."""
    wanted = pool.tcp_keepalive
    if wanted is None:
        return
    keepalive = TcpKeepalive()
    if wanted.probes is not None:
        keepalive.keepalive_probes.value = wanted.probes
    if wanted.time_s is not None:
        keepalive.keepalive_time.value = wanted.time_s
    if wanted.interval_s is not None:
        keepalive.keepalive_interval.value = wanted.interval_s
    cluster.upstream_connection_options.tcp_keepalive.CopyFrom(keepalive)
