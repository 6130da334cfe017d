"""The simulation in place of a real Envoy that holds one table of routes."""

from collections.abc import Iterable

from envoy.config.core.v3.address_pb2 import Address, Pipe
from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    HttpFilter,
)
from google.protobuf.message import Message

from loopmesh.simulate import Proxy, Request
from loopmesh.simulate.outbound import simulate_outbound


def manager(table: RouteConfiguration, filters: Iterable[tuple[str, Message]]) -> HttpConnectionManager:
    """Filters by name, in their order."""
    made = HttpConnectionManager(stat_prefix="in", route_config=table)
    for name, config in filters:
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
        return stopped.status, "" if stopped.action == "PATH" else stopped.reason
    if outbound.matched is None or outbound.matched.answer is None:
        return 404, ""
    return outbound.matched.answer.status, outbound.matched.answer.body
