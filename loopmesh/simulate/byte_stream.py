"""Connections that are streams of bytes: no routes by request, only destinations with their shares."""

from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener

from loopmesh.model.setting import Setting
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.filter_chain import find_filter_chain
from loopmesh.simulate.fraction import ALL
from loopmesh.simulate.listener_filters import unknown_listener_filters
from loopmesh.simulate.network_filters import pass_network_filters
from loopmesh.simulate.origin import Rule, rule_of, rule_of_setting
from loopmesh.simulate.outbound import Matched, Outbound, outbound_listener
from loopmesh.simulate.proxy import Proxy, connection_manager
from loopmesh.simulate.request import Request
from loopmesh.simulate.retry import NO_RETRY
from loopmesh.simulate.stream import Connection, Stream
from loopmesh.simulate.stream_shares import Shares, stream_shares
from loopmesh.simulate.virtual_host import REFUSING, find_virtual_host

NOWHERE = "BlackHoleCluster"


def simulate_stream(caller: Proxy, request: Request) -> tuple[Outbound, Shares]:
    """The listener for the authority the program dials, and the clusters behind it in percent."""
    for listener in caller.listeners():
        if listener.traffic_direction != OUTBOUND or listener.address.pipe.path:
            continue
        if any(_is_for(listener, stream_shares(chain), request.authority) for chain in listener.filter_chains):
            connection = Connection(tls=request.is_own_tls, server_name=request.server_name)
            return _sent(listener, request, connection)
    return _unknown(caller, request), ()


def _unknown(caller: Proxy, request: Request) -> Outbound:
    """Without a listener for it: closed where hosts are refused that nobody has declared. That is said once, for
    requests."""
    listener = outbound_listener(caller, int(request.authority.rpartition(":")[2] or 0))
    chain = listener.filter_chains[0] if listener and listener.filter_chains else None
    manager = connection_manager(chain) if chain else None
    routes = caller.routes(manager) if manager else None
    found = find_virtual_host(routes, request.authority) if routes else None
    if found is None or found[0].name != REFUSING:
        return Outbound(request=request)
    return _closed(request, rule_of_setting(found[0].routes[0].metadata, Setting.UNKNOWN_HOSTS))


def _closed(request: Request, rule: Rule | None) -> Outbound:
    return Outbound(request=request, refused=True, is_unknown=True, refuses_unknown=rule)


def _sent(listener: Listener, request: Request, connection: Connection) -> tuple[Outbound, Shares]:
    """Istio names a cluster nobody has where a connection is to be closed."""
    chain = find_filter_chain(listener, connection)
    shares = stream_shares(chain) if chain else ()
    if chain is None:
        return Outbound(request=request, listener=listener.name, refused=True), ()
    if shares == ((NOWHERE, ALL),):
        return _closed(request, rule_of_setting(chain.metadata, Setting.UNKNOWN_HOSTS)), ()
    return _carried(listener, chain, request, connection, shares)


def simulate_stream_arrival(listener: Listener, request: Request, connection: Connection) -> tuple[Outbound, Shares]:
    """The chain of a gateway's listener that takes the connection, and the clusters behind it; none where it is
    stopped. Raises NotSimulatedError."""
    chain = find_filter_chain(listener, connection)
    if chain is None:
        return Outbound(request=request, listener=listener.name, refused=True), ()
    if connection_manager(chain) is not None:
        raise NotSimulatedError("a stream of bytes to a server of HTTP")
    return _carried(listener, chain, request, connection, stream_shares(chain))


def _carried(
    listener: Listener, chain: FilterChain, request: Request, connection: Connection, shares: Shares
) -> tuple[Outbound, Shares]:
    """Past the filters of the chain."""
    filtered = pass_network_filters(chain, Stream(request=request, connection=connection))
    outbound = Outbound(
        request=request,
        listener=listener.name,
        matched=_matched(listener, chain, request),
        checks=filtered.checks,
        unknown=(*unknown_listener_filters(listener), *filtered.unknown),
    )
    return outbound, () if filtered.stopped_by else shares


def _is_for(listener: Listener, shares: Shares, authority: str) -> bool:
    """By the listener's own name where it says the host, else by the destinations."""
    names = [listener.name] if listener.name.startswith(("tcp|", "forward|")) else [name for name, _ in shares]
    host, _, port = authority.rpartition(":")
    for name in names:
        _, number, *_, found = name.split("|") if "|" in name else ("", "", "")
        if number == port and (found == host or found.startswith(f"{host}.")):
            return True
    return False


def _matched(listener: Listener, chain: FilterChain, request: Request) -> Matched:
    return Matched(
        virtual_host=listener.name,
        domain=request.authority,
        name="",
        rule=rule_of(chain.metadata),
        timeout_ms=0,
        retry=NO_RETRY,
        mirrors=(),
        answer=None,
        is_stream=True,
    )
