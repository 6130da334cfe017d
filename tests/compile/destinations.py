"""DestinationRules for `web` of the tests, and what comes of them in the callers' proxies."""

from typing import Any

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


def http_options(policy: str, name: str = GRPC) -> dict[str, Any]:
    return dict(cluster(policy, name)["typed_extension_protocol_options"][HTTP_OPTIONS])


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
