"""DestinationRule (networking.istio.io): how connections to a destination behave."""

from collections import Counter

from loopmesh.model.problem import Problem
from loopmesh.model.traffic import (
    ClientTls,
    ConnectionPool,
    DestinationRule,
    LoadBalancing,
    OutlierDetection,
    Subset,
    TrafficPolicy,
)
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_host, check_label, qualify_host

MOST = 2**31 - 1
PERCENT = 100
UNSUPPORTED_BALANCING = {
    "PASSTHROUGH": "on one machine no caller knows an address that could be passed through",
    "LEAST_CONN": "Istio calls it LEAST_REQUEST now",
    "UNSPECIFIED": "it says nothing",
}
UNSUPPORTED_TLS = dict.fromkeys(("SIMPLE", "MUTUAL"), "a call inside the mesh shows the identity the mesh gave")


def read_destination_rule(document: Document, problems: list[Problem]) -> DestinationRule:
    return Fields.read(document.spec, "spec", problems, lambda fields: _rule(document, fields))


def _rule(document: Document, fields: Fields) -> DestinationRule:
    host = fields.text("host", required=True, check=check_host) or ""
    subsets = fields.objects("subsets", lambda inside: _subset(document, inside))
    for name, times in Counter(subset.name for subset in subsets).items():
        if name and times > 1:
            fields.refuse("subsets", f"two subsets are called `{name}`", "rename one")
    return DestinationRule(
        source=document.source,
        host=qualify_host(host, document.namespace),
        policy=fields.object("trafficPolicy", _policy) or TrafficPolicy(),
        subsets=subsets,
    )


def _subset(document: Document, fields: Fields) -> Subset:
    return Subset(
        name=fields.text("name", required=True, check=check_label) or "",
        labels=fields.labels("labels"),
        policy=fields.object("trafficPolicy", _policy) or TrafficPolicy(),
        source=document.source_at(fields.origin),
    )


def _policy(fields: Fields) -> TrafficPolicy:
    return TrafficPolicy(
        load_balancing=fields.object("loadBalancer", _load_balancing),
        connection_pool=fields.object("connectionPool", _connection_pool),
        outlier_detection=fields.object("outlierDetection", _outlier_detection),
        tls=fields.object("tls", _tls),
    )


def _load_balancing(fields: Fields) -> LoadBalancing | None:
    return fields.choice("simple", LoadBalancing, unsupported=UNSUPPORTED_BALANCING)


def _tls(fields: Fields) -> ClientTls | None:
    """Without a mode it is DISABLE, the zero of Istio's enumeration."""
    return fields.choice("mode", ClientTls, unsupported=UNSUPPORTED_TLS) or ClientTls.DISABLE


def _connection_pool(fields: Fields) -> ConnectionPool:
    if not (fields.has("tcp") or fields.has("http")):
        fields.refuse(None, "`tcp` or `http` is required", "add one of them, or remove it")
    tcp = fields.object("tcp", _tcp) or (None, None)
    http = fields.object("http", _http) or {}
    return ConnectionPool(max_connections=tcp[0], connect_timeout_ms=tcp[1], **http)


def _tcp(fields: Fields) -> tuple[int | None, int | None]:
    return _limit(fields, "maxConnections"), fields.duration_ms("connectTimeout")


def _http(fields: Fields) -> dict[str, int | None]:
    return {
        "max_pending_requests": _limit(fields, "http1MaxPendingRequests"),
        "max_requests": _limit(fields, "http2MaxRequests"),
        "max_requests_per_connection": _limit(fields, "maxRequestsPerConnection"),
        "max_retries": _limit(fields, "maxRetries"),
        "idle_timeout_ms": fields.duration_ms("idleTimeout"),
    }


def _limit(fields: Fields, key: str) -> int | None:
    """Istio cannot tell 0 from absent (`applyConnectionPool`): both leave its default."""
    return fields.integer(key, least=0, most=MOST) or None


def _outlier_detection(fields: Fields) -> OutlierDetection:
    return OutlierDetection(
        consecutive_5xx_errors=fields.integer("consecutive5xxErrors", least=0, most=MOST),
        consecutive_gateway_errors=fields.integer("consecutiveGatewayErrors", least=0, most=MOST),
        interval_ms=fields.duration_ms("interval"),
        base_ejection_ms=fields.duration_ms("baseEjectionTime"),
        max_ejection_percent=fields.integer("maxEjectionPercent", least=0, most=PERCENT),
        min_health_percent=fields.integer("minHealthPercent", least=0, most=PERCENT),
    )
