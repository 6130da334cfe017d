"""What the mesh's settings do to the configuration of every proxy."""

from typing import Any

import pytest
import yaml

from loopmesh.compile import compiled_files
from loopmesh.policies import PolicySet, check_policies
from tests.policies.reading import APPLICATION

COLLECTOR = "extensionProviders: [{name: a, opentelemetry: {service: otel.example.com, port: 4317}}]"


def compiled(mesh_config: str, workload: str = "orders-v1-0") -> dict[str, Any]:
    """A workload's configuration by resource type and name, under this mesh config alone."""
    policy_set = PolicySet.parse([("meshconfig.yaml", mesh_config.encode())], APPLICATION.namespace)
    files = compiled_files(APPLICATION, check_policies(policy_set, APPLICATION))
    return dict(yaml.safe_load(files[f"{workload}.yaml"]))


def manager(config: dict[str, Any], listener: str = "outbound") -> dict[str, Any]:
    """The HTTP connection manager of a listener."""
    chain = config["Listener"][listener]["filter_chains"][0]
    return dict(chain["filters"][0]["typed_config"])


def test_routes_without_retries_of_their_own_have_the_mesh_s() -> None:
    config = compiled("defaultHttpRetryPolicy: {attempts: 7, retryOn: '503'}")
    host = config["RouteConfiguration"]["outbound"]["virtual_hosts"][0]
    assert host["routes"][0]["route"]["retry_policy"]["num_retries"] == 7
    assert "503" in str(host["routes"][0]["route"]["retry_policy"]["retriable_status_codes"])


def test_no_retry_at_all_can_be_the_mesh_s_default() -> None:
    config = compiled("defaultHttpRetryPolicy: {attempts: 0}")
    assert "retry_policy" not in str(config["RouteConfiguration"])


def test_connections_take_the_time_the_mesh_allows() -> None:
    clusters = compiled("connectTimeout: 3s")["Cluster"]
    meshes = [one for name, one in clusters.items() if name.startswith(("outbound|", "inbound|"))]
    assert {one["connect_timeout"] for one in meshes} == {"3s"}


def outbound(config: dict[str, Any]) -> dict[str, Any]:
    """Catalog's cluster."""
    return dict(config["Cluster"]["outbound|50051||catalog.shop.svc.cluster.local"])


def test_limits_of_the_mesh_hold_where_no_policy_has_the_block() -> None:
    mesh = (
        "defaultTrafficPolicy:\n"
        "  connectionPool: {http: {http2MaxRequests: 7}}\n"
        "  outlierDetection: {consecutive5xxErrors: 3}\n"
    )
    config = compiled(mesh)
    assert outbound(config)["circuit_breakers"]["thresholds"][0]["max_requests"] == 7
    assert outbound(config)["outlier_detection"]["consecutive_5xx"] == 3
    inbound = config["Cluster"]["inbound|50051||"]
    assert inbound["circuit_breakers"]["thresholds"][0]["max_requests"] == 7, "the server takes as much"
    assert "outlier_detection" not in inbound


def test_connections_are_kept_alive_as_the_mesh_says() -> None:
    config = compiled("tcpKeepalive: {probes: 3, time: 60s}")
    wanted = {"tcp_keepalive": {"keepalive_probes": 3, "keepalive_time": 60}}
    assert outbound(config)["upstream_connection_options"] == wanted


def test_calls_to_http_ports_are_upgraded_where_the_mesh_says() -> None:
    name = "outbound|8080||orders.shop.svc.cluster.local"
    for policy, version in (("UPGRADE", "http2_protocol_options"), ("DO_NOT_UPGRADE", "http_protocol_options")):
        options = compiled(f"h2UpgradePolicy: {policy}")["Cluster"][name]["typed_extension_protocol_options"]
        assert version in next(iter(options.values()))["explicit_http_config"]


def test_without_auto_mtls_nothing_is_encrypted_that_no_policy_asks_for() -> None:
    assert "UpstreamTlsContext" in str(compiled("enableAutoMtls: true")["Cluster"])
    assert "UpstreamTlsContext" not in str(compiled("enableAutoMtls: false")["Cluster"])


@pytest.mark.parametrize(
    ("normalization", "base", "merged", "escaped"),
    [
        ("NONE", False, None, "KEEP_UNCHANGED"),
        ("DEFAULT", True, None, "KEEP_UNCHANGED"),
        ("BASE", True, None, "KEEP_UNCHANGED"),
        ("MERGE_SLASHES", True, True, "KEEP_UNCHANGED"),
        ("DECODE_AND_MERGE_SLASHES", True, True, "UNESCAPE_AND_FORWARD"),
    ],
)
def test_paths_are_normalized_as_the_mesh_says(
    normalization: str, base: bool, merged: bool | None, escaped: str
) -> None:
    found = manager(compiled(f"pathNormalization: {{normalization: {normalization}}}"))
    assert found["normalize_path"] is base
    assert found.get("merge_slashes") is merged
    assert found["path_with_escaped_slashes_action"] == escaped


def test_servers_take_no_older_tls_than_the_mesh_says() -> None:
    config = compiled("meshMTLS: {minProtocolVersion: TLSV1_3, cipherSuites: [AES256-SHA]}")
    servers = [str(one) for name, one in config["Listener"].items() if name.startswith("inbound|")]
    assert all("TLSv1_3" in one and "AES256-SHA" in one for one in servers)
    oldest = "'tls_minimum_protocol_version': 'TLSv1_3'"
    assert oldest not in str(config["Cluster"]), "Istio sets it for servers only"


@pytest.mark.parametrize(
    ("mesh_config", "percent"),
    [
        ("", 100.0),
        ("defaultConfig: {tracing: {sampling: 12.5}}", 12.5),
        ("defaultConfig: {tracing: {sampling: 0}}", 100.0),
        (f"defaultProviders: {{tracing: [a]}}\n{COLLECTOR}", 1.0),
    ],
)
def test_the_mesh_says_how_many_calls_are_traced(mesh_config: str, percent: float) -> None:
    assert manager(compiled(mesh_config))["tracing"]["random_sampling"]["value"] == percent


def test_tracing_can_be_off_for_the_whole_mesh() -> None:
    assert "tracing" not in manager(compiled("enableTracing: false"))


def test_tags_are_sorted_and_istio_s_own_can_be_left_out() -> None:
    tags = "defaultConfig: {{tracing: {{enableIstioTags: {}, customTags: {{zone: {{literal: {{value: a}}}}}}}}}}"
    with_istio = [tag["tag"] for tag in manager(compiled(tags.format("true")))["tracing"]["custom_tags"]]
    assert with_istio == sorted(with_istio)
    assert {"zone", "istio.canonical_service"} <= set(with_istio)
    assert [tag["tag"] for tag in manager(compiled(tags.format("false")))["tracing"]["custom_tags"]] == ["zone"]


def test_calls_are_logged_in_the_mesh_s_own_words_until_the_mesh_config_speaks() -> None:
    (own,) = manager(compiled(""))["access_log"]
    assert own["name"] == "envoy.access_loggers.stdout"
    (file,) = manager(compiled("accessLogFile: /dev/stderr\naccessLogFormat: '%RESPONSE_CODE%'"))["access_log"]
    assert file["typed_config"]["path"] == "/dev/stderr"
    assert file["typed_config"]["log_format"]["text_format_source"]["inline_string"] == "%RESPONSE_CODE%\n"


def test_the_built_in_log_has_the_mesh_s_format_and_others_their_own() -> None:
    config = compiled("""
        accessLogEncoding: JSON
        defaultProviders: {accessLogging: [envoy, lines]}
        extensionProviders: [{name: lines, envoyFileAccessLog: {path: a.log}}]
    """)
    built_in, lines = (log["typed_config"] for log in manager(config)["access_log"])
    assert built_in["log_format"]["json_format"]["response_code"] == "%RESPONSE_CODE%"
    assert lines["log_format"]["text_format_source"]["inline_string"].startswith("[%START_TIME%]")
