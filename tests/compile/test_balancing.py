"""Which instance gets a call, as a DestinationRule says it."""

from typing import Any

import pytest

from tests.compile.compiling import configuration, destination_rule
from tests.compile.destinations import WEB, cluster


def route_hash(policy: str, name: str = f"{WEB}:7000") -> list[dict[str, Any]]:
    found = configuration("till-v1-0", destination_rule(f"host: web, trafficPolicy: {{{policy}}}"))
    hosts = found["RouteConfiguration"]["outbound"]["virtual_hosts"]
    route = next(host["routes"][0]["route"] for host in hosts if host["name"] == name)
    return list(route.get("hash_policy", []))


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("simple: LEAST_REQUEST", {"lb_policy": "LEAST_REQUEST"}),
        ("simple: LEAST_CONN", {"lb_policy": "LEAST_REQUEST"}),
        ("simple: UNSPECIFIED", {"lb_policy": "LEAST_REQUEST"}),
        ("simple: ROUND_ROBIN", {}),  # Envoy's zero
        ("simple: RANDOM", {"lb_policy": "RANDOM"}),
        (
            "consistentHash: {useSourceIp: true}",
            {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": "1024"}},
        ),
        ("consistentHash: {useSourceIp: true, ringHash: {}}", {"lb_policy": "RING_HASH"}),
        (
            "consistentHash: {useSourceIp: true, ringHash: {minimumRingSize: 64}}",
            {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": "64"}},
        ),
        (
            "consistentHash: {useSourceIp: true, minimumRingSize: 5}",
            {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": "5"}},
        ),
        (
            "consistentHash: {useSourceIp: true, maglev: {tableSize: 65537}}",
            {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": "65537"}},
        ),
        (
            "warmupDurationSecs: 30s",
            {
                "lb_policy": "LEAST_REQUEST",
                "least_request_lb_config": {"slow_start_config": {"slow_start_window": "30s"}},
            },
        ),
    ],
)
def test_balancing(policy: str, expected: dict[str, Any]) -> None:
    found = cluster(f"loadBalancer: {{{policy}}}")
    found.pop("common_lb_config")
    assert {key: value for key, value in found.items() if "lb_" in key} == expected


def test_warmup_is_linear_from_a_tenth_unless_said_otherwise() -> None:
    config = cluster("loadBalancer: {simple: ROUND_ROBIN, warmup: {duration: 1m}}")["round_robin_lb_config"]
    assert config["slow_start_config"] == {
        "slow_start_window": "60s",
        "aggression": {"default_value": 1.0, "runtime_key": "("},
        "min_weight_percent": {"value": 10.0},
    }


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("httpHeaderName: x-user", {"header": {"header_name": "x-user"}}),
        ("httpQueryParameterName: user", {"query_parameter": {"name": "user"}}),
        ("useSourceIp: true", {"connection_properties": {"source_ip": True}}),
        ("httpCookie: {name: a, ttl: 0s}", {"cookie": {"name": "a", "ttl": "0s"}}),
        (
            "httpCookie: {name: a, path: /p, ttl: 60s, attributes: [{name: Secure}]}",
            {"cookie": {"name": "a", "path": "/p", "ttl": "60s", "attributes": [{"name": "Secure"}]}},
        ),
    ],
)
def test_routes_say_what_of_a_request_is_hashed(key: str, expected: dict[str, Any]) -> None:
    assert route_hash(f"loadBalancer: {{consistentHash: {{{key}}}}}") == [expected]


def test_a_port_has_its_own_hash_and_others_keep_the_rules() -> None:
    policy = (
        "loadBalancer: {consistentHash: {httpHeaderName: x-rule}}, portLevelSettings: [{port: {number: 8000},"
        " loadBalancer: {consistentHash: {httpHeaderName: x-port}}}]"
    )
    assert route_hash(policy) == [{"header": {"header_name": "x-rule"}}]
    assert route_hash(policy, f"{WEB}:8000") == [{"header": {"header_name": "x-port"}}]
