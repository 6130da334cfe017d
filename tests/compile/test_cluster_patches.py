"""What EnvoyFilters do to clusters."""

from typing import Any

import pytest

from tests.compile.patching import CATALOG, ORDERS, compiled, envoy_filter, patch


@pytest.mark.parametrize(
    ("match", "changed"),
    [
        ({"service": CATALOG}, [f"outbound|50051||{CATALOG}"]),
        ({"name": f"outbound|50051||{ORDERS}"}, [f"outbound|50051||{ORDERS}"]),
        ({"portNumber": 8080}, ["inbound|8080||", f"outbound|8080||{ORDERS}"]),
        ({"service": ORDERS, "portNumber": 8080}, ["inbound|8080||", f"outbound|8080||{ORDERS}"]),
        ({"subset": "v9"}, []),
    ],
)
def test_clusters_are_found_by_name_or_by_service_port_and_subset(match: dict[str, Any], changed: list[str]) -> None:
    found = compiled(envoy_filter(patch("CLUSTER", "MERGE", {"connect_timeout": "9s"}, cluster=match)))
    assert sorted(name for name, one in found["Cluster"].items() if one["connect_timeout"] == "9s") == changed


def test_merged_lists_grow_and_can_be_replaced() -> None:
    value = {"circuit_breakers": {"thresholds": [{"max_requests": 5}]}}
    counts = {}
    for operation in ("MERGE", "MERGE_AND_REPLACE_LIST"):
        found = compiled(envoy_filter(patch("CLUSTER", operation, value, cluster={"service": CATALOG})))
        counts[operation] = len(found["Cluster"][f"outbound|50051||{CATALOG}"]["circuit_breakers"]["thresholds"])
    assert counts == {"MERGE": 2, "MERGE_AND_REPLACE_LIST": 1}


def test_a_cluster_s_tls_is_changed_among_its_transport_sockets() -> None:
    tls = {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "max_session_keys": 0,
            "sni": "other",
        },
    }
    found = compiled(envoy_filter(patch("CLUSTER", "MERGE", {"transport_socket": tls}, cluster={"service": CATALOG})))
    cluster = found["Cluster"][f"outbound|50051||{CATALOG}"]
    secured = cluster["transport_socket_matches"][0]["transport_socket"]["typed_config"]
    assert secured["sni"] == "other"
    assert secured["common_tls_context"]["alpn_protocols"], "the rest of the context stays"
    assert "transport_socket" not in cluster


def test_clusters_are_added_and_removed() -> None:
    new = {"name": "extra", "type": "STATIC", "connect_timeout": "1s"}
    found = compiled(
        envoy_filter(patch("CLUSTER", "ADD", new), patch("CLUSTER", "REMOVE", cluster={"service": CATALOG}))
    )
    assert "extra" in found["Cluster"]
    assert f"outbound|50051||{CATALOG}" not in found["Cluster"]
    inbound_only = envoy_filter(patch("CLUSTER", "ADD", new, "SIDECAR_INBOUND"))
    assert "extra" in compiled(inbound_only)["Cluster"]
    assert "extra" not in compiled(inbound_only, workload="edge-0")["Cluster"]
