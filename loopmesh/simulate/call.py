"""A whole call: what the caller's proxy does, where it arrives, how it ends."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from envoy.config.listener.v3.listener_pb2 import Listener

from loopmesh.simulate.action import weighted_clusters
from loopmesh.simulate.byte_stream import simulate_stream, simulate_stream_arrival
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.landing import FindListener, Landing, simulate_landing
from loopmesh.simulate.outbound import Outbound, outbound_listener, simulate_outbound
from loopmesh.simulate.outcome import Outcome, outcomes_of
from loopmesh.simulate.part import route_part
from loopmesh.simulate.proxy import Proxy
from loopmesh.simulate.request import Request
from loopmesh.simulate.rewrite import forwarded_request
from loopmesh.simulate.stream import Connection
from loopmesh.simulate.stream_shares import Shares
from loopmesh.simulate.verdict import Verdict
from loopmesh.simulate.virtual_host import without_port

Destination = tuple[str, float, Request]
"""A cluster, its share in percent, and the request as it goes there."""
OUTSIDE_PROTOCOLS = ("h2", "http/1.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Every step of a call; `outcomes` add up to 100 percent."""

    caller: str
    spiffe_id: str
    outbound: Outbound
    landings: tuple[Landing, ...]
    outcomes: tuple[Outcome, ...]

    def percent(self, verdict: Verdict) -> float:
        return sum(outcome.percent for outcome in self.outcomes if outcome.verdict is verdict)


def simulate_call(caller: Proxy, request: Request, port: int, find_listener: FindListener) -> Call:
    """A request that the caller's program sends to `port`. Raises NotSimulatedError."""
    listener = outbound_listener(caller, port)
    outbound = simulate_outbound(caller, listener, request) if listener else Outbound(request=request)
    return _call(caller, *_sent(outbound), find_listener)


def simulate_arrival(gateway: Proxy, listener: Listener, request: Request, find_listener: FindListener) -> Call:
    """A request, or a stream of bytes, that comes to a gateway from outside. Raises NotSimulatedError."""
    secured = request.is_own_tls or any(chain.HasField("transport_socket") for chain in listener.filter_chains)
    connection = Connection(
        tls=secured,
        server_name=(request.server_name or without_port(request.authority)) if secured else "",
        protocols=OUTSIDE_PROTOCOLS if secured else request.plain_protocols,
        port=listener.address.socket_address.port_value,
    )
    if request.is_stream:
        outbound, shares = simulate_stream_arrival(listener, request, replace(connection, protocols=()))
        return _call(gateway, outbound, _shared(request, shares), find_listener)
    outbound = simulate_outbound(gateway, listener, replace(request, scheme="https" if secured else "http"), connection)
    return _call(gateway, *_sent(outbound), find_listener)


def simulate_connection(caller: Proxy, request: Request, find_listener: FindListener) -> Call:
    """A stream of bytes that the caller's program opens to the request's authority. Raises NotSimulatedError."""
    outbound, shares = simulate_stream(caller, request)
    return _call(caller, outbound, _shared(request, shares), find_listener)


def _shared(request: Request, shares: Shares) -> Iterator[Destination]:
    """Bytes go on as they are."""
    return ((name, percent, request) for name, percent in shares)


def _call(caller: Proxy, outbound: Outbound, destinations: Iterable[Destination], find_listener: FindListener) -> Call:
    landings = tuple(simulate_landing(caller, *destination, find_listener) for destination in destinations)
    return Call(
        caller=caller.name,
        spiffe_id=caller.spiffe_id,
        outbound=outbound,
        landings=landings,
        outcomes=outcomes_of(outbound, landings),
    )


def _sent(outbound: Outbound) -> tuple[Outbound, tuple[Destination, ...]]:
    """With what the route makes of it."""
    try:
        return outbound, tuple(_destinations(outbound))
    except NotSimulatedError as error:
        return replace(outbound, unknown=(*outbound.unknown, route_part(error))), ()


def _destinations(outbound: Outbound) -> Iterator[Destination]:
    """None where the proxy itself ends the request."""
    if (
        outbound.found is None
        or outbound.routed is None
        or outbound.stopped_by is not None
        or outbound.matched is None
        or outbound.matched.answer is not None
    ):
        return
    routes, host, route = outbound.found
    for weighted, percent in weighted_clusters(route.route):
        yield weighted.name, percent, forwarded_request(routes, host, route, weighted, outbound.routed)
