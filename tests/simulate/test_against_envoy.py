"""The simulation and a real Envoy say the same of generated configuration and requests."""

from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopmesh.simulate import Request
from tests.simulate.generated import RBAC_FILTER, requests, tables
from tests.simulate.real_envoy import running_envoy
from tests.simulate.simulated_envoy import manager, simulated


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tables(), st.booleans(), st.booleans(), st.lists(requests(), min_size=20, max_size=60))
def test_route_and_verdict_are_those_of_a_real_proxy(
    table: RouteConfiguration, normalises: bool, merges: bool, made: list[Request]
) -> None:
    connections = manager(table, ((RBAC_FILTER, RBAC()), ("envoy.filters.http.router", Router())))
    connections.merge_slashes = merges
    connections.normalize_path.value = normalises
    with running_envoy(connections) as envoy:
        for request in made:
            assert envoy.ask(request) == simulated(connections, request), request
