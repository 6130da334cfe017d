"""What valid policies come to mean in the words of the mesh."""

import json

import pytest

from loopmesh.model.application import Health, HealthKind, Listen, Port, Protocol
from loopmesh.model.destinations.balancing import Balancing, Spread
from loopmesh.model.destinations.client_tls import ClientTls, TlsMode
from loopmesh.model.destinations.connection_pool import ConnectionPool
from loopmesh.model.destinations.outlier_detection import OutlierDetection
from loopmesh.model.edge import ServerKind
from loopmesh.model.patch import Operation, Target
from loopmesh.model.policy import PolicyName, Source, WorkloadSelector
from loopmesh.model.problem import Origin
from loopmesh.model.routes.request_match import RequestMatch
from loopmesh.model.routes.retry import Retry
from loopmesh.model.routes.text_match import TextMatch, TextMatchKind
from loopmesh.model.security import PeerMode
from loopmesh.model.traffic import TrafficPolicy
from loopmesh.policies import read_application
from tests.policies.goldens import FOLDER
from tests.policies.reading import problems_of, read_fixture, read_policies


def exact(value: str) -> TextMatch:
    return TextMatch(kind=TextMatchKind.EXACT, value=value)


def test_modes_are_inherited_where_unset_and_ports_have_their_own() -> None:
    mesh, orders = read_fixture(FOLDER / "valid" / "peer_authentication.yaml").peer_authentications
    assert mesh.mode is PeerMode.STRICT
    assert mesh.selector == WorkloadSelector(namespace="istio-system")
    assert orders.mode is None
    assert orders.port_modes == {8080: PeerMode.DISABLE}
    assert orders.selector == WorkloadSelector(namespace="shop", labels={"app": "orders"})


def test_a_destination_rule_has_its_units_and_defaults() -> None:
    catalog, _, _, _, everything = read_fixture(FOLDER / "valid" / "destination_rule.yaml").destination_rules
    assert catalog.host == "catalog.shop.svc.cluster.local"
    assert everything.host == "*.shop.svc.cluster.local"
    assert catalog.policy == TrafficPolicy(
        balancing=Balancing(spread=Spread.ROUND_ROBIN),
        connection_pool=ConnectionPool(
            max_connections=10,
            connect_timeout_ms=1500,
            max_pending_requests=1,
            max_requests=2,
            max_requests_per_connection=3,
            max_retries=None,  # 0 is Istio's default, not "never".
            http_idle_timeout_ms=3_600_000,
        ),
        outlier_detection=OutlierDetection(
            consecutive_5xx_errors=0,
            consecutive_gateway_errors=5,
            interval_ms=1500,
            base_ejection_ms=5000,
            max_ejection_percent=50,
            min_health_percent=10,
        ),
        tls=ClientTls(mode=TlsMode.ISTIO_MUTUAL),
    )
    assert [(subset.name, subset.labels) for subset in catalog.subsets] == [
        ("v1", {"version": "v1"}),
        ("v2", {"version": "v2"}),
    ]
    assert catalog.subsets[1].policy.tls == ClientTls(mode=TlsMode.DISABLE), "tls without a mode is Istio's DISABLE"


def test_a_virtual_service_becomes_routes() -> None:
    (routing,) = read_fixture(FOLDER / "valid" / "virtual_service.yaml").routings
    preview, canary = routing.routes
    assert (routing.hosts, routing.gateways) == (("catalog.shop.svc.cluster.local",), ("mesh",))
    present = TextMatch(kind=TextMatchKind.PRESENT)
    assert preview.matches == (
        RequestMatch(
            name="asked",
            path=TextMatch(kind=TextMatchKind.PREFIX, value="/v1"),
            ignore_path_case=True,
            method=exact("POST"),
            authority=TextMatch(kind=TextMatchKind.REGEX, value="catalog.*"),
            headers={"x-version": exact("v2"), "x-there": present},
            without_headers={"x-not-there": present},
        ),
        RequestMatch(path=exact("/")),
    )
    (destination,) = preview.destinations
    assert (destination.host, destination.subset, destination.port) == ("catalog.shop.svc.cluster.local", "v2", 50051)
    assert preview.timeout_ms == 250
    asked = preview.source.policy
    assert preview.retry == Retry(
        attempts=3,
        per_try_timeout_ms=100,
        conditions=("5xx", "unavailable", "503"),
        source=Source(policy=asked, origin=Origin(file="virtual_service.yaml", line=23), place="spec.http[0].retries"),
    )
    assert [(one.subset, one.weight) for one in canary.destinations] == [("v1", 90), (None, 10)]
    assert canary.retry is not None
    assert canary.retry.attempts == 0
    assert canary.timeout_ms is None


def test_every_part_knows_its_policy_and_line() -> None:
    (routing,) = read_fixture(FOLDER / "valid" / "virtual_service.yaml").routings
    source = routing.routes[1].destinations[1].source
    assert source.policy == PolicyName(kind="VirtualService", namespace="shop", name="catalog")
    assert source.origin == Origin(file="virtual_service.yaml", line=27)


def test_a_gateway_opens_ports_for_hosts() -> None:
    policies = read_fixture(FOLDER / "valid" / "gateway.yaml")
    (gateway,) = policies.gateways
    assert gateway.labels == {"istio": "edge"}
    assert [(server.port, server.name, server.kind, server.hosts) for server in gateway.servers] == [
        (80, "http", ServerKind.HTTP, ("*.example.com", "./api.example.org")),
        (81, "grpc", ServerKind.HTTP, ("*",)),
    ]
    assert policies.routings[0].gateways == ("shop/edge", "shop/edge")


def test_filters_of_the_edge_are_messages_of_their_type() -> None:
    from envoy.extensions.filters.http.health_check.v3.health_check_pb2 import HealthCheck
    from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter

    health, composite, *_ = read_fixture(FOLDER / "valid" / "envoy_filter.yaml").patches
    assert health.selector == WorkloadSelector(namespace="shop", labels={"istio": "edge"})
    assert (health.target, health.operation) == (Target.HTTP_FILTER, Operation.INSERT_BEFORE)
    config = HealthCheck()
    assert HttpFilter.FromString(health.value).typed_config.Unpack(config)
    assert config == HealthCheck(pass_through_mode={"value": False})
    assert b"filters.http.composite.v3.Composite" in composite.value


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("1ms", 1),
        ("0.57s", 570),
        ("1.001s", 1001),
        ("1000us", 1),
        ("1000000ns", 1),
        ("1h2m3s4ms", 3_723_004),
        (".5s", 500),
        ("1.0000000001s", 1000),
        ("2562047h47m15.999s", 9_223_372_035_999),
    ],
)
def test_durations_are_exact(written: str, milliseconds: int) -> None:
    (rule,) = read_policies(of_interval(written)).destination_rules
    assert rule.policy.outlier_detection == OutlierDetection(interval_ms=milliseconds)


@pytest.mark.parametrize("written", ["2562047h47m16s", f"{'9' * 1000}h", "99999999999999999h1ns"])
def test_a_duration_nobody_can_count_is_refused_with_the_longest(written: str) -> None:
    (problem,) = problems_of(of_interval(written))
    assert problem.endswith("from 1ms to 2562047h47m15.999s; write at most 2562047h47m15.999s")


def of_interval(written: str) -> str:
    spec = {"host": "catalog", "trafficPolicy": {"outlierDetection": {"interval": written}}}
    document = {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": "a"}}
    return json.dumps({**document, "spec": spec})


def test_values_say_what_runs() -> None:
    application = read_application(FOLDER / "values_valid" / "every_key.yaml")
    api, worker, _, _ = application.services
    assert api.ports == (
        Port(name="http", number=8080, protocol=Protocol.HTTP),
        Port(name="grpc-web", number=9090, protocol=Protocol.GRPC),
        Port(name="http2-x", number=9091, protocol=Protocol.HTTP2),
    )
    assert (api.listen, api.stateful) == (Listen.TCP, False)
    assert api.health == Health(kind=HealthKind.HTTP, path="/healthz")
    assert (worker.listen, worker.stateful, worker.health.kind) == (Listen.UNIX, True, HealthKind.NONE)
    v1, v2, idle = api.versions
    common = {"NUMBER": "5", "YES": "true", "LATE": "10:30"}
    own = {"A": "a", "FLAG": "true", "EMPTY": "full"}
    assert (v1.replicas, v1.command) == (2, ("python", "-m", "api"))
    assert {**common, **own}.items() <= v1.env.items()
    assert (v2.replicas, v2.command) == (1, ("api2",))
    assert {**common, "A": "b", "FLAG": "false", "EMPTY": ""}.items() <= v2.env.items()
    assert idle.replicas == 0
    _, edge = application.gateways
    assert (edge.name, edge.labels, edge.replicas) == ("edge", {"istio": "edge"}, 2)


def test_values_say_where_it_runs_and_as_whom() -> None:
    application = read_application(FOLDER / "values_valid" / "every_key.yaml")
    api, _, other, db = application.services
    assert (api.key, api.host) == ("api", "api.shop.svc.cluster.local")
    assert (other.key, other.host) == ("api-two", "api.two.svc.cluster.local")
    assert api.identity.principal == "cluster.local/ns/shop/sa/api"
    assert other.identity.principal == "cluster.local/ns/two/sa/keeper"
    assert other.labels_of(other.versions[0]) == {"app": "api", "version": "v1", "tier": "warm"}
    assert {port.name: port.protocol for port in other.ports if not port.protocol.is_http} == {
        "tcp-a": Protocol.TCP,
        "tls": Protocol.TLS,
        "https-b": Protocol.TLS,
        "mysql": Protocol.TCP,
        "redis-x": Protocol.TCP,
        "mongo": Protocol.TCP,
    }
    assert db.health.kind is HealthKind.TCP, "no port of it speaks HTTP"
    assert application.gateways[0].identity.principal == "cluster.local/ns/two/sa/keeper"
    assert application.namespaces == {"shop", "two"}
