"""The simulation and a real Envoy say the same of generated configuration and requests."""

from envoy.config.core.v3.address_pb2 import Address, Pipe
from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    HttpFilter,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopmesh.simulate import Proxy, Request
from loopmesh.simulate.outbound import simulate_outbound
from tests.simulate.generated import RBAC_FILTER, requests, tables
from tests.simulate.real_envoy import running_envoy


def manager(table: RouteConfiguration, *, normalises: bool, merges: bool) -> HttpConnectionManager:
    made = HttpConnectionManager(stat_prefix="in", route_config=table, merge_slashes=merges)
    made.normalize_path.value = normalises
    for name, config in ((RBAC_FILTER, RBAC()), ("envoy.filters.http.router", Router())):
        added = HttpFilter(name=name)
        added.typed_config.Pack(config)
        made.http_filters.append(added)
    return made


def simulated(connections: HttpConnectionManager, request: Request) -> tuple[int, str]:
    """Status and body, as Envoy would answer them."""
    network = Filter(name="manager")
    network.typed_config.Pack(connections)
    listener = Listener(
        address=Address(pipe=Pipe(path="x")),
        traffic_direction=OUTBOUND,
        filter_chains=[FilterChain(filters=[network])],
    )
    outbound = simulate_outbound(Proxy(name="in", spiffe_id="", resources={}), listener, request)
    stopped = next((check for check in outbound.checks if not check.passed), None)
    if stopped is not None:
        return stopped.status, stopped.reason
    if outbound.matched is None or outbound.matched.answer is None:
        return 404, ""
    return outbound.matched.answer.status, outbound.matched.answer.body


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tables(), st.booleans(), st.booleans(), st.lists(requests(), min_size=20, max_size=60))
def test_route_and_verdict_are_those_of_a_real_proxy(
    table: RouteConfiguration, normalises: bool, merges: bool, made: list[Request]
) -> None:
    connections = manager(table, normalises=normalises, merges=merges)
    with running_envoy(connections) as envoy:
        for request in made:
            assert envoy.ask(request) == simulated(connections, request), request
