"""A whole call: the caller's proxy, each destination with its share, each instance behind it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.listener.v3.listener_pb2 import Listener

from loopmesh.simulate.action import weighted_clusters
from loopmesh.simulate.authorizer import ACTION as ASKING
from loopmesh.simulate.byte_stream import simulate_stream, simulate_stream_arrival
from loopmesh.simulate.client_tls import ClientTls, client_tls
from loopmesh.simulate.cluster import ClusterFacts, cluster_facts
from loopmesh.simulate.endpoint import Endpoint, called_host, endpoints
from loopmesh.simulate.fault import FILTER as INJECTING
from loopmesh.simulate.fraction import ALL
from loopmesh.simulate.inbound import Inbound, simulate_inbound
from loopmesh.simulate.outbound import Outbound, outbound_listener, simulate_outbound
from loopmesh.simulate.part import Part
from loopmesh.simulate.proxy import Proxy
from loopmesh.simulate.request import Request
from loopmesh.simulate.rewrite import forwarded_request
from loopmesh.simulate.stream import Connection
from loopmesh.simulate.stream_shares import Shares
from loopmesh.simulate.verdict import STOPPED_BY, Verdict
from loopmesh.simulate.virtual_host import without_port

DEFAULT_PANIC_PERCENT = 50
CALLED_NAMES = "envoy.clusters.dynamic_forward_proxy"
"""Such a cluster has no instances of its own: each name is looked up when it is called."""
Destination = tuple[str, float, Request]
"""A cluster, its share in percent, and the request as it goes there."""
ASKED_IF = {Verdict.REACHES: Verdict.ASKED}
"""An authorizer that is asked first decides whether a call gets so far."""
OUTSIDE_PROTOCOLS = ("h2", "http/1.1")
FindListener = Callable[[Endpoint], tuple[Proxy, Listener] | None]
"""The listener at an endpoint and whose it is; None when that proxy's configuration is not at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """`tls` is None on plaintext; `inbound` None where the connection already fails on the caller's side."""

    endpoint: Endpoint
    workload: str
    percent: float
    verdict: Verdict
    tls: ClientTls | None
    spiffe_id: str = ""
    inbound: Inbound | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """A destination that `percent` of the calls go to; `cluster` None where the proxy has none of this name."""

    name: str
    percent: float
    request: Request
    cluster: ClusterFacts | None
    endpoints: tuple[Endpoint, ...] = ()
    instances: tuple[Instance, ...] = ()
    """Those that take calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`percent` of the calls end like this; `workload` is empty where none is reached. `patched` are parts of a
    proxy's configuration that have led to it and are no policy of Istio's."""

    verdict: Verdict
    percent: float
    workload: str = ""
    patched: tuple[Part, ...] = ()


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
    return _call(caller, outbound, _destinations(outbound), find_listener)


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
    return _call(gateway, outbound, _destinations(outbound), find_listener)


def simulate_connection(caller: Proxy, request: Request, find_listener: FindListener) -> Call:
    """A stream of bytes that the caller's program opens to the request's authority. Raises NotSimulatedError."""
    outbound, shares = simulate_stream(caller, request)
    return _call(caller, outbound, _shared(request, shares), find_listener)


def _shared(request: Request, shares: Shares) -> Iterator[Destination]:
    """Bytes go on as they are."""
    return ((name, percent, request) for name, percent in shares)


def _call(caller: Proxy, outbound: Outbound, destinations: Iterable[Destination], find_listener: FindListener) -> Call:
    landings = tuple(_landing(caller, *destination, find_listener) for destination in destinations)
    return Call(
        caller=caller.name,
        spiffe_id=caller.spiffe_id,
        outbound=outbound,
        landings=landings,
        outcomes=_outcomes(outbound, landings),
    )


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


def _landing(caller: Proxy, name: str, percent: float, request: Request, find_listener: FindListener) -> Landing:
    cluster = caller.cluster(name)
    if cluster is None:
        return Landing(name=name, percent=percent, request=request, cluster=None)
    is_looked_up = cluster.cluster_type.name == CALLED_NAMES
    known = (called_host(request.authority),) if is_looked_up else tuple(endpoints(caller.assignment(cluster)))
    chosen = _taking_calls(cluster, known)
    total = sum(one.weight for one in chosen)
    instances = (
        _instance(caller, cluster, one, percent * one.weight / total, request, find_listener) for one in chosen
    )
    return Landing(
        name=name,
        percent=percent,
        request=request,
        cluster=cluster_facts(cluster),
        endpoints=known,
        instances=tuple(instances),
    )


def _taking_calls(cluster: Cluster, known: tuple[Endpoint, ...]) -> list[Endpoint]:
    """Healthy ones; all of them when fewer are healthy than the panic threshold says."""
    healthy = [one for one in known if one.healthy]
    settings = cluster.common_lb_config
    has_threshold = settings.HasField("healthy_panic_threshold")
    threshold = settings.healthy_panic_threshold.value if has_threshold else DEFAULT_PANIC_PERCENT
    panics = bool(known) and ALL * len(healthy) / len(known) < threshold
    return list(known) if panics else healthy


def _instance(
    caller: Proxy, cluster: Cluster, endpoint: Endpoint, percent: float, request: Request, find_listener: FindListener
) -> Instance:
    tls = client_tls(cluster, endpoint)
    found = find_listener(endpoint)
    if found is None:
        verdict = Verdict.UNKNOWN if endpoint.workload else Verdict.LEAVES
        return Instance(endpoint=endpoint, workload=endpoint.workload, percent=percent, verdict=verdict, tls=tls)
    server, listener = found
    connection = Connection(
        tls=tls is not None or request.is_own_tls,
        peer=caller.spiffe_id if tls and tls.shows_identity else "",
        server_name=tls.server_name if tls else request.server_name,
        protocols=tls.protocols if tls else request.plain_protocols,
        port=endpoint.port,
        local_ip=endpoint.address,
    )
    inbound = simulate_inbound(server, listener, connection, request)
    verdict, problem = inbound.verdict, inbound.problem
    if tls is not None and not problem and not tls.accepts(server.spiffe_id):
        verdict, problem = Verdict.REFUSED, f"the caller expects {' or '.join(tls.expected)}"
    return Instance(
        endpoint=endpoint,
        workload=server.name,
        percent=percent,
        verdict=verdict,
        tls=tls,
        spiffe_id=server.spiffe_id,
        inbound=inbound,
        problem=problem,
    )


def _outcomes(outbound: Outbound, landings: tuple[Landing, ...]) -> tuple[Outcome, ...]:
    """A fault is injected before anything else the same proxy does with what has come so far."""
    aborted = outbound.fault.abort_percent if outbound.fault else 0.0
    own = _own_verdict(outbound)
    if own is not None:
        outcomes = [Outcome(verdict=own, percent=ALL, patched=outbound.patched)]
    else:
        outcomes = [one for landing in landings for one in _outcomes_at(landing)]
    if any(check.action == ASKING for check in outbound.checks):
        outcomes = [replace(one, verdict=ASKED_IF.get(one.verdict, one.verdict)) for one in outcomes]
    outcomes = [replace(one, percent=one.percent * (ALL - aborted) / ALL) for one in outcomes]
    injecting = (INJECTING,) if outbound.fault and not outbound.fault.by_route else ()
    ended = Outcome(verdict=Verdict.ABORTED, percent=aborted, patched=injecting)
    return tuple(one for one in (ended, *outcomes) if one.percent)


def _outcomes_at(landing: Landing) -> Iterator[Outcome]:
    if not landing.instances:
        verdict = Verdict.NO_INSTANCE if landing.cluster else Verdict.NO_CLUSTER
        yield Outcome(verdict=verdict, percent=landing.percent)
    for one in landing.instances:
        inbound = one.inbound
        aborted = inbound.fault.abort_percent if inbound and inbound.fault else 0.0
        share = one.percent * aborted / ALL
        yield Outcome(verdict=Verdict.ABORTED, percent=share, workload=one.workload, patched=(INJECTING,))
        yield Outcome(
            verdict=one.verdict,
            percent=one.percent - share,
            workload=one.workload,
            patched=inbound.patched if inbound and not one.problem else (),
        )


def _own_verdict(outbound: Outbound) -> Verdict | None:
    """How the caller's proxy ends the call; None when it sends it on."""
    if outbound.refused:
        return Verdict.REFUSED
    if outbound.unknown:
        return Verdict.UNFORESEEN
    if outbound.stopped_by is not None:
        return STOPPED_BY.get(outbound.stopped_by.action, Verdict.DENIED)
    if outbound.matched is None:
        return Verdict.NO_ROUTE
    answer = outbound.matched.answer
    if answer is None:
        return None
    return Verdict.REDIRECTED if answer.location else Verdict.ANSWERED
