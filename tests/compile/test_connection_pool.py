"""Limits of a DestinationRule, how it keeps connections, and when it sends an instance nothing more."""

from typing import Any

import pytest

from tests.compile.compiling import configuration, destination_rule
from tests.compile.destinations import HTTP, cluster, http_options


def threshold(policy: str) -> dict[str, Any]:
    (found,) = cluster(policy)["circuit_breakers"]["thresholds"]
    return dict(found)


@pytest.mark.parametrize(
    ("policy", "key", "expected"),
    [
        ("connectionPool: {tcp: {maxConnections: 7}}", "max_connections", 7),
        ("connectionPool: {http: {http1MaxPendingRequests: 7}}", "max_pending_requests", 7),
        ("connectionPool: {http: {http2MaxRequests: 7}}", "max_requests", 7),
        ("connectionPool: {http: {maxRetries: 7}}", "max_retries", 7),
        ("connectionPool: {http: {maxRetries: 0}}", "max_retries", 4294967295),
        ("retryBudget: {}", "retry_budget", {"budget_percent": {"value": 20.0}, "min_retry_concurrency": 3}),
        (
            "retryBudget: {percent: 0, minRetryConcurrency: 9}",
            "retry_budget",
            {"budget_percent": {}, "min_retry_concurrency": 9},
        ),
        (
            "retryBudget: {budgetInterval: 1500ms}",
            "retry_budget",
            {"budget_percent": {"value": 20.0}, "min_retry_concurrency": 3, "budget_interval": "1.500s"},
        ),
        (
            "retryBudget: {budgetInterval: 0s}",
            "retry_budget",
            {"budget_percent": {"value": 20.0}, "min_retry_concurrency": 3, "budget_interval": "0s"},
        ),
    ],
)
def test_limits(policy: str, key: str, expected: object) -> None:
    assert threshold(policy)[key] == expected


def test_how_connections_are_kept() -> None:
    pool = "connectionPool: {tcp: {connectTimeout: 2s, tcpKeepalive: {probes: 3, time: 60s, interval: 5s}}}"
    found = cluster(pool)
    assert found["connect_timeout"] == "2s"
    assert found["upstream_connection_options"]["tcp_keepalive"] == {
        "keepalive_probes": 3,
        "keepalive_time": 60,
        "keepalive_interval": 5,
    }


def test_how_long_connections_live() -> None:
    http = "http: {idleTimeout: 1s, maxRequestsPerConnection: 3, maxConcurrentStreams: 4, http2KeepAlive:"
    pool = f"connectionPool: {{tcp: {{maxConnectionDuration: 1h}}, {http} {{interval: 10s, timeout: 2s}}}}}}"
    options = http_options(pool)
    assert options["common_http_protocol_options"] == {
        "idle_timeout": "1s",
        "max_requests_per_connection": 3,
        "max_connection_duration": "3600s",
    }
    assert options["explicit_http_config"]["http2_protocol_options"] == {
        "max_concurrent_streams": 4,
        "connection_keepalive": {"interval": "10s", "timeout": "2s"},
    }


@pytest.mark.parametrize(
    ("http", "expected"),
    [
        ("h2UpgradePolicy: DEFAULT", {"explicit_http_config": {"http_protocol_options": {}}}),
        ("h2UpgradePolicy: DO_NOT_UPGRADE", {"explicit_http_config": {"http_protocol_options": {}}}),
        ("h2UpgradePolicy: UPGRADE", {"explicit_http_config": {"http2_protocol_options": {}}}),
        (
            "useClientProtocol: true",
            {"use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}}},
        ),
    ],
)
def test_which_http_is_spoken_to_a_port_named_http(http: str, expected: dict[str, Any]) -> None:
    options = http_options(f"connectionPool: {{http: {{{http}}}}}", HTTP)
    options.pop("@type", None)
    assert options == expected


def test_outlier_detection() -> None:
    outlier = (
        "outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 3, splitExternalLocalOriginErrors: true,"
        " consecutiveLocalOriginFailures: 4, interval: 1s, baseEjectionTime: 5s, maxEjectionPercent: 50,"
        " minHealthPercent: 20}"
    )
    found = cluster(outlier)
    assert found["outlier_detection"] == {
        "enforcing_success_rate": 0,
        "consecutive_5xx": 0,
        "enforcing_consecutive_5xx": 0,
        "consecutive_gateway_failure": 3,
        "enforcing_consecutive_gateway_failure": 100,
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 4,
        "enforcing_consecutive_local_origin_failure": 100,
        "enforcing_local_origin_success_rate": 0,
        "interval": "1s",
        "base_ejection_time": "5s",
        "max_ejection_percent": 50,
    }
    assert found["common_lb_config"]["healthy_panic_threshold"] == {"value": 20.0}


def test_a_stream_of_bytes_has_the_timeouts_of_its_connections() -> None:
    pool = "connectionPool: {tcp: {idleTimeout: 0s, maxConnectionDuration: 1h}}"
    balancer = "loadBalancer: {consistentHash: {useSourceIp: true}}"
    found = configuration("till-v1-0", destination_rule(f"host: nats, trafficPolicy: {{{pool}, {balancer}}}"))
    (chain,) = found["Listener"]["tcp|4222|nats.shop.svc.cluster.local"]["filter_chains"]
    proxy = chain["filters"][0]["typed_config"]
    assert (proxy["idle_timeout"], proxy["max_downstream_connection_duration"]) == ("0s", "3600s")
    assert proxy["hash_policy"] == [{"source_ip": {}}]
