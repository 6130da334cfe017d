"""What each field of a DestinationRule does to the callers' proxies; defaults and precedence are Istio's."""

from typing import Any

import pytest

from tests.compile.compiling import configuration, destination_rule

WEB = "web.shop.svc.cluster.local"
GRPC = f"outbound|7000||{WEB}"
HTTP = f"outbound|8000||{WEB}"
NATS = "outbound|4222||nats.shop.svc.cluster.local"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def cluster(policy: str, name: str = GRPC) -> dict[str, Any]:
    """The callers' idea of a port of the service under a traffic policy."""
    host = "nats" if name == NATS else "web"
    found = configuration("till-v1-0", destination_rule(f"host: {host}, trafficPolicy: {{{policy}}}"))
    return dict(found["Cluster"][name])


def threshold(policy: str) -> dict[str, Any]:
    (found,) = cluster(policy)["circuit_breakers"]["thresholds"]
    return dict(found)


def http_options(policy: str, name: str = GRPC) -> dict[str, Any]:
    return dict(cluster(policy, name)["typed_extension_protocol_options"][HTTP_OPTIONS])


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


def tls_context(tls: str) -> dict[str, Any]:
    return dict(cluster(f"tls: {{{tls}}}")["transport_socket"]["typed_config"])


def test_mutual_tls_of_the_mesh_takes_other_names() -> None:
    context = tls_context("mode: ISTIO_MUTUAL, sni: other.example.com, subjectAltNames: [spiffe://a/ns/b/sa/c]")
    assert context["sni"] == "other.example.com"
    combined = context["common_tls_context"]["combined_validation_context"]
    names = combined["default_validation_context"]["match_typed_subject_alt_names"]
    assert names == [{"san_type": "URI", "matcher": {"exact": "spiffe://a/ns/b/sa/c"}}]


def test_tls_of_anybody_s_verifies_the_host_called() -> None:
    common = tls_context("mode: SIMPLE")["common_tls_context"]
    assert common["validation_context"] == {"trusted_ca": {"filename": "/etc/ssl/certs/ca-certificates.crt"}}
    assert common["alpn_protocols"] == ["h2"]
    assert "tls_certificates" not in common
    options = http_options("tls: {mode: SIMPLE}")
    assert options["upstream_http_protocol_options"] == {"auto_sni": True, "auto_san_validation": True}


def test_tls_with_certificates_of_files() -> None:
    files = "clientCertificate: /a.pem, privateKey: /a.key, caCertificates: /ca.pem, caCrl: /a.crl"
    common = tls_context(f"mode: MUTUAL, sni: a.com, {files}")["common_tls_context"]
    assert common["tls_certificates"] == [
        {"certificate_chain": {"filename": "/a.pem"}, "private_key": {"filename": "/a.key"}}
    ]
    assert common["validation_context"] == {"trusted_ca": {"filename": "/ca.pem"}, "crl": {"filename": "/a.crl"}}


def test_tls_with_a_secret_of_some_workloads() -> None:
    tls = "tls: {mode: MUTUAL, credentialName: shop, subjectAltNames: [shop.example.com]}"
    rule = f"host: web, workloadSelector: {{matchLabels: {{tier: front}}}}, trafficPolicy: {{{tls}}}"
    found = configuration("till-v1-0", destination_rule(rule))["Cluster"][GRPC]["transport_socket"]["typed_config"]
    common = found["common_tls_context"]
    assert [one["name"] for one in common["tls_certificate_sds_secret_configs"]] == ["kubernetes://shop"]
    combined = common["combined_validation_context"]
    assert combined["validation_context_sds_secret_config"]["name"] == "kubernetes://shop-cacert"
    assert "shop.example.com" in str(combined["default_validation_context"])
    assert "kubernetes://" not in str(configuration("nats-v1-0", destination_rule(rule))["Cluster"])


def test_tls_that_verifies_nothing() -> None:
    policy = "mode: SIMPLE, insecureSkipVerify: true"
    assert tls_context(policy)["common_tls_context"]["validation_context"] == {}
    assert http_options(f"tls: {{{policy}}}")["upstream_http_protocol_options"] == {"auto_sni": True}


def test_without_tls_nothing_is_encrypted() -> None:
    found = cluster("tls: {mode: DISABLE}")
    assert "transport_socket" not in found
    assert "transport_socket_matches" not in found


def test_a_stream_of_bytes_has_the_timeouts_of_its_connections() -> None:
    pool = "connectionPool: {tcp: {idleTimeout: 0s, maxConnectionDuration: 1h}}"
    balancer = "loadBalancer: {consistentHash: {useSourceIp: true}}"
    found = configuration("till-v1-0", destination_rule(f"host: nats, trafficPolicy: {{{pool}, {balancer}}}"))
    (chain,) = found["Listener"]["tcp|4222|nats.shop.svc.cluster.local"]["filter_chains"]
    proxy = chain["filters"][0]["typed_config"]
    assert (proxy["idle_timeout"], proxy["max_downstream_connection_duration"]) == ("0s", "3600s")
    assert proxy["hash_policy"] == [{"source_ip": {}}]


def limits(rules: list[str], workload: str = "till-v1-0", mesh_config: str = "") -> dict[str, Any]:
    """The limit on connections of every destination that has one."""
    clusters = configuration(workload, *rules, mesh_config=mesh_config)["Cluster"]
    found = {
        name: one["circuit_breakers"]["thresholds"][0]["max_connections"]
        for name, one in clusters.items()
        if name.startswith("outbound|")
    }
    return {name.removeprefix("outbound|"): limit for name, limit in found.items() if limit != 4294967295}


def limited(limit: int, host: str = "web", more: str = "", **where: str) -> str:
    pool = f"trafficPolicy: {{connectionPool: {{tcp: {{maxConnections: {limit}}}}}}}"
    return destination_rule(f"host: {host}, {pool}{', ' if more else ''}{more}", **where)


def test_a_subset_replaces_the_parts_it_names_and_a_port_replaces_all() -> None:
    rule = """host: web, trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}, loadBalancer: {simple: RANDOM}},
      subsets: [{name: a}, {name: b, trafficPolicy: {connectionPool: {tcp: {maxConnections: 2}}}},
                {name: c, trafficPolicy: {portLevelSettings: [{port: {number: 7000}, tls: {mode: DISABLE}}]}}]"""
    clusters = configuration("till-v1-0", destination_rule(rule))["Cluster"]

    def of(subset: str, port: int = 7000) -> tuple[int, str]:
        found = clusters[f"outbound|{port}|{subset}|{WEB}"]
        return found["circuit_breakers"]["thresholds"][0]["max_connections"], found["lb_policy"]

    assert of("a") == (1, "RANDOM")
    assert of("b") == (2, "RANDOM")
    assert of("c") == (4294967295, "LEAST_REQUEST"), "what a port does not say is Istio's default"
    assert of("c", 8000) == (1, "RANDOM")


def test_the_limits_of_callers_hold_at_the_instances_too() -> None:
    port = "portLevelSettings: [{port: {number: 8000}, connectionPool: {tcp: {maxConnections: 2}}}]"
    policy = f"connectionPool: {{tcp: {{maxConnections: 1}}}}, {port}"
    clusters = configuration("web-v1-0", destination_rule(f"host: web, trafficPolicy: {{{policy}}}"))["Cluster"]

    def limit(number: int) -> int:
        (found,) = clusters[f"inbound|{number}||"]["circuit_breakers"]["thresholds"]
        return int(found["max_connections"])

    assert (limit(7000), limit(8000)) == (1, 2)


def test_the_callers_namespace_comes_before_the_services_and_the_root() -> None:
    root = limited(1, "web.shop.svc.cluster.local", name="root", namespace="istio-system")
    service = limited(2, "web.shop.svc.cluster.local", name="service", namespace="shop")
    caller = limited(3, "web.shop.svc.cluster.local", name="caller", namespace="archive")
    web = f"7000||{WEB}"
    assert limits([root], "archive-web-v1-0")[web] == 1
    assert limits([root, service], "archive-web-v1-0")[web] == 2
    assert limits([root, service, caller], "archive-web-v1-0")[web] == 3
    assert limits([root, service, caller], "till-v1-0")[web] == 2


def test_the_most_specific_host_of_a_namespace_counts() -> None:
    wide = limited(1, "'*.local'", name="a")
    narrow = limited(2, "'*.shop.svc.cluster.local'", name="b")
    found = limits([wide, narrow, limited(3, name="c")])
    assert found[f"7000||{WEB}"] == 3
    assert found["4222||nats.shop.svc.cluster.local"] == 2
    assert found["7000||web.archive.svc.cluster.local"] == 1


def test_a_rule_is_for_the_namespaces_it_is_exported_to() -> None:
    private = limited(1, more="exportTo: [.]")
    named = limited(1, more="exportTo: [archive]")
    web = f"7000||{WEB}"
    assert web in limits([private], "till-v1-0")
    assert web not in limits([private], "archive-web-v1-0")
    assert web not in limits([named], "till-v1-0")
    assert web in limits([named], "archive-web-v1-0")


def test_the_mesh_s_default_may_make_rules_private() -> None:
    private = "defaultDestinationRuleExportTo: ['.']"
    assert limits([limited(1)], "till-v1-0", private)
    assert not limits([limited(1)], "archive-web-v1-0", private)


def test_a_rule_for_some_workloads_replaces_the_one_for_all() -> None:
    rules = [limited(1, name="all"), limited(2, more="workloadSelector: {matchLabels: {tier: front}}", name="some")]
    assert limits(rules, "till-v1-0")[f"7000||{WEB}"] == 2
    assert limits(rules, "nats-v1-0")[f"7000||{WEB}"] == 1


def test_rules_for_one_host_are_merged() -> None:
    first = destination_rule("host: web, subsets: [{name: v1, labels: {version: v1}}]", name="a")
    second = limited(2, more="subsets: [{name: v2, labels: {version: v2}}]", name="b")
    assert limits([first, second]) == {
        f"{port}|{subset}|{WEB}": 2 for port in (7000, 8000) for subset in ("", "v1", "v2")
    }
