"""What is going on at a destination right now, as the caller's proxy counts it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from loopmesh.cli.proxy_admin import ask_proxy_json

IN_USE = {
    "max_connections": "upstream_cx_active",
    "max_pending_requests": "upstream_rq_pending_active",
    "max_requests": "upstream_rq_active",
    "max_retries": "upstream_rq_retry_active",
}
OVERFLOWS = ("upstream_cx_overflow", "upstream_rq_pending_overflow", "upstream_rq_active_overflow")
EJECTED = "failed_outlier_check"
DEFAULT = "circuit_breakers.default."
REMAINING = {"max_retries": "remaining_retries"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCluster:
    """`in_use` by the names of the limits; `refused` counts calls a limit turned away; `ejected` are addresses."""

    in_use: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0
    ejected: tuple[str, ...] = ()


def live_cluster(admin_socket: str, name: str, limits: Mapping[str, int]) -> LiveCluster:
    """Raises CommandError when the proxy does not answer."""
    prefix = f"cluster.{name};."
    filtered = quote(f"^{re.escape(prefix)}")
    stats = ask_proxy_json(admin_socket, f"/stats?format=json&filter={filtered}")["stats"]
    values = {one["name"].removeprefix(prefix): one.get("value", 0) for one in stats if "name" in one}
    in_use = {limit: values.get(IN_USE[limit], 0) for limit in limits}
    for limit, remaining in REMAINING.items():
        if limit in limits and DEFAULT + remaining in values:
            in_use[limit] = limits[limit] - values[DEFAULT + remaining]
    return LiveCluster(
        in_use=in_use,
        refused=sum(values.get(name, 0) for name in OVERFLOWS),
        ejected=_ejected(admin_socket, name),
    )


def _ejected(admin_socket: str, name: str) -> tuple[str, ...]:
    clusters = ask_proxy_json(admin_socket, "/clusters?format=json").get("cluster_statuses", [])
    hosts = [host for one in clusters if one["name"] == name for host in one.get("host_statuses", [])]
    addresses = [host["address"].get("socket_address", {}) for host in hosts if host["health_status"].get(EJECTED)]
    return tuple(f"{one.get('address', '')}:{one.get('port_value', 0)}" for one in addresses)
