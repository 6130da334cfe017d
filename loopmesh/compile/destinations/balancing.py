"""Load balancing (Istio `applyLoadBalancer`)."""

from envoy.config.cluster.v3.cluster_pb2 import Cluster

from loopmesh.compile.messages import duration
from loopmesh.model.destinations.balancing import Balancing, ConsistentHash, Spread, Warmup

POLICIES = {
    Spread.LEAST_REQUEST: Cluster.LEAST_REQUEST,
    Spread.ROUND_ROBIN: Cluster.ROUND_ROBIN,
    Spread.RANDOM: Cluster.RANDOM,
}
NO_RUNTIME_KEY = "("
"""Envoy wants one; nobody can set a key of this name."""


def apply_balancing(cluster: Cluster, balancing: Balancing) -> None:
    """Without a word from the policy it is the instance with the fewest requests of two picked at random."""
    if balancing.consistent_hash is not None:
        _apply_hash(cluster, balancing.consistent_hash)
        return
    if balancing.goes_on:
        cluster.lb_policy = Cluster.CLUSTER_PROVIDED
        return
    spread = balancing.spread or Spread.LEAST_REQUEST
    cluster.lb_policy = POLICIES[spread]
    if balancing.warmup is not None and spread is Spread.ROUND_ROBIN:
        cluster.round_robin_lb_config.slow_start_config.CopyFrom(_slow_start(balancing.warmup))
    elif balancing.warmup is not None:
        cluster.least_request_lb_config.slow_start_config.CopyFrom(_slow_start(balancing.warmup))


def _apply_hash(cluster: Cluster, wanted: ConsistentHash) -> None:
    if wanted.maglev_table_size is not None:
        cluster.lb_policy = Cluster.MAGLEV
        cluster.maglev_lb_config.table_size.value = wanted.maglev_table_size
        return
    cluster.lb_policy = Cluster.RING_HASH
    if wanted.minimum_ring_size is not None:
        cluster.ring_hash_lb_config.minimum_ring_size.value = wanted.minimum_ring_size


def _slow_start(warmup: Warmup) -> Cluster.SlowStartConfig:
    config = Cluster.SlowStartConfig(slow_start_window=duration(warmup.duration_ms))
    if warmup.aggression is not None:
        config.aggression.default_value = warmup.aggression
        config.aggression.runtime_key = NO_RUNTIME_KEY
    if warmup.minimum_percent is not None:
        config.min_weight_percent.value = warmup.minimum_percent
    return config
