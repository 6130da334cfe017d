"""Connection pools: the limits at which Envoy answers instead of the overloaded service."""

from envoy.config.cluster.v3.circuit_breaker_pb2 import CircuitBreakers
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.protocol_pb2 import HttpProtocolOptions

from loopmesh.compile.messages import duration
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.traffic import ConnectionPool

UNLIMITED = 2**32 - 1


def _limit(value: int | None) -> int:
    return UNLIMITED if value is None else value


def apply_breaker(cluster: Cluster, pool: ConnectionPool, settings: MeshSettings) -> None:
    """Sets the thresholds and the time to connect; without a limit there is none, as in Istio."""
    cluster.connect_timeout.CopyFrom(duration(pool.connect_timeout_ms or settings.connect_timeout_ms))
    threshold = CircuitBreakers.Thresholds(track_remaining=True)
    threshold.max_connections.value = _limit(pool.max_connections)
    threshold.max_pending_requests.value = _limit(pool.max_pending_requests)
    threshold.max_requests.value = _limit(pool.max_requests)
    threshold.max_retries.value = _limit(pool.max_retries)
    cluster.circuit_breakers.thresholds.append(threshold)


def connection_options(pool: ConnectionPool) -> HttpProtocolOptions:
    """How long and for how many requests a connection lives."""
    options = HttpProtocolOptions()
    if pool.idle_timeout_ms is not None:
        options.idle_timeout.CopyFrom(duration(pool.idle_timeout_ms))
    if pool.max_requests_per_connection:
        options.max_requests_per_connection.value = pool.max_requests_per_connection
    return options
