"""In which order EnvoyFilters come in, and whose configuration they change."""

from typing import Any

from tests.compile.patching import (
    BEFORE_ROUTER,
    CATALOG,
    ROUTER,
    STATS,
    TYPE,
    compiled,
    envoy_filter,
    http_filters,
    patch,
)


def named(name: str) -> dict[str, Any]:
    value = {"name": name, "typed_config": {"@type": f"{TYPE}.lua.v3.Lua"}}
    return patch("HTTP_FILTER", "INSERT_BEFORE", value, "SIDECAR_INBOUND", **BEFORE_ROUTER)


def test_patches_come_in_by_priority_then_from_the_root_namespace_then_as_read() -> None:
    found = compiled(
        envoy_filter(named("late"), name="late", priority=1),
        envoy_filter(named("second"), name="second"),
        envoy_filter(named("third"), name="third"),
        envoy_filter(named("first"), name="first", namespace="istio-system"),
        envoy_filter(named("early"), name="early", priority=-1),
    )
    order = [STATS, "early", "first", "second", "third", "late", ROUTER]
    assert http_filters(found, "inbound|50051") == order


def test_only_selected_workloads_are_changed() -> None:
    policy = envoy_filter(named("lua"), app="orders")
    assert "lua" in http_filters(compiled(policy), "inbound|50051")
    assert "lua" not in http_filters(compiled(policy, workload="catalog-v1-0"), "inbound|50051")
    everywhere = envoy_filter(named("lua"), namespace="istio-system")
    assert "lua" in http_filters(compiled(everywhere, workload="catalog-v1-0"), "inbound|50051")


def test_what_proxies_share_is_not_changed_for_those_not_selected() -> None:
    policy = envoy_filter(patch("CLUSTER", "MERGE", {"connect_timeout": "9s"}), app="orders")
    name = f"outbound|50051||{CATALOG}"
    assert compiled(policy)["Cluster"][name]["connect_timeout"] == "9s"
    assert compiled(policy, workload="catalog-v1-0")["Cluster"][name]["connect_timeout"] == "10s"
