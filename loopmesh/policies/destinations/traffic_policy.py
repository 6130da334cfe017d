"""trafficPolicy, of a rule, of a subset, of a port."""

from loopmesh.model.policy import Source
from loopmesh.model.traffic import NO_POLICY, RetryBudget, TrafficPolicy
from loopmesh.policies.destinations.balancing import read_balancing
from loopmesh.policies.destinations.client_tls import read_client_tls
from loopmesh.policies.destinations.connection_pool import read_connection_pool
from loopmesh.policies.destinations.limit import MOST, read_limit
from loopmesh.policies.destinations.outlier_detection import read_outlier_detection
from loopmesh.policies.fields import Fields

UNSUPPORTED = {
    "proxyProtocol": "no program behind a sidecar of this machine reads it",
    "tunnel": "there is no proxy outside the mesh to tunnel through",
}
PARTS = ("loadBalancer", "connectionPool", "outlierDetection", "tls")
DEFAULT_PERCENT = 20.0
DEFAULT_CONCURRENCY = 3


def read_traffic_policy(source: Source, fields: Fields) -> TrafficPolicy:
    """`source` is the rule it stands in."""
    fields.unsupported(UNSUPPORTED)
    if not any(fields.has(key) for key in (*PARTS, "portLevelSettings", "retryBudget", *UNSUPPORTED)):
        fields.refuse(None, "a traffic policy says something", "add a setting, or remove it")
    ports: dict[int, TrafficPolicy] = {}
    for number, policy in fields.objects("portLevelSettings", lambda inside: _port_policy(source, inside)):
        if number in ports:
            fields.refuse("portLevelSettings", f"port {number} is there twice, and Istio heeds the first", "keep one")
        ports.setdefault(number, policy)
    whole = _parts(source, fields)
    return TrafficPolicy(
        balancing=whole.balancing,
        connection_pool=whole.connection_pool,
        outlier_detection=whole.outlier_detection,
        tls=whole.tls,
        retry_budget=fields.object("retryBudget", lambda inside: _retry_budget(source, inside)),
        ports=ports,
    )


def _parts(source: Source, fields: Fields) -> TrafficPolicy:
    return TrafficPolicy(
        balancing=fields.object("loadBalancer", lambda inside: read_balancing(source, inside)),
        connection_pool=fields.object("connectionPool", lambda inside: read_connection_pool(source, inside)),
        outlier_detection=fields.object("outlierDetection", lambda inside: read_outlier_detection(source, inside)),
        tls=fields.object("tls", read_client_tls),
    )


def _port_policy(source: Source, fields: Fields) -> tuple[int, TrafficPolicy]:
    number = fields.object("port", lambda inside: inside.integer("number", least=1, most=65535))
    if number is None:
        fields.refuse(None, "`port.number` is required", "add `port: {number: 50051}`")
    if not any(fields.has(key) for key in PARTS):
        fields.refuse(None, "the settings of a port say something", "add a setting, or remove them")
        return number or 0, NO_POLICY
    return number or 0, _parts(source, fields)


def _retry_budget(source: Source, fields: Fields) -> RetryBudget:
    percent = fields.number("percent", least=0, most=100)
    concurrency = read_limit(fields, "minRetryConcurrency", most=MOST)
    return RetryBudget(
        percent=DEFAULT_PERCENT if percent is None else percent,
        min_concurrency=concurrency or DEFAULT_CONCURRENCY,
        interval_ms=fields.duration_ms("budgetInterval", may_be_zero=True),
        source=source.at(fields.origin, fields.path),
    )
