"""The server's side: its proxy takes the connection or not, then lets the request through or not."""

from dataclasses import dataclass, field, replace

from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import DownstreamTlsContext

from loopmesh.simulate.arrival import take_request
from loopmesh.simulate.check import Check, stopping
from loopmesh.simulate.client_address import client_ip
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.fault import Fault
from loopmesh.simulate.filter_chain import find_filter_chain
from loopmesh.simulate.handover import Handover, hand_over_request, hand_over_stream
from loopmesh.simulate.http_filters import Filtered, pass_filters
from loopmesh.simulate.listener_filters import unknown_listener_filters
from loopmesh.simulate.network_filters import pass_network_filters
from loopmesh.simulate.origin import Rule, rule_of
from loopmesh.simulate.part import Part, route_part
from loopmesh.simulate.proxy import Proxy, connection_manager, unpack
from loopmesh.simulate.request import Request
from loopmesh.simulate.stream import Connection, Stream
from loopmesh.simulate.verdict import STOPPED_BY, Verdict

NO_CHAIN = "no filter chain of the server takes such a connection"
MESH_PROTOCOL = "istio"
"""What sidecars offer each other by ALPN."""
ONLY_TLS = "the caller opens plaintext, and the server takes mutual TLS only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """`rule` is the policy that says how the listener accepts connections; `problem` says why it does not. `handover`
    is what becomes of what is let through; `unknown` are filters before that whose effect is not simulated."""

    listener: str
    verdict: Verdict
    tls: bool
    rule: Rule | None = None
    problem: str = ""
    checks: tuple[Check, ...] = ()
    fault: Fault | None = None
    unknown: tuple[Part, ...] = ()
    handover: Handover = field(default_factory=Handover)

    @property
    def patched(self) -> tuple[Part, ...]:
        """What has led to the verdict, where it is no policy of Istio's."""
        if self.verdict is Verdict.UNFORESEEN and self.unknown:
            return self.unknown
        stopped = stopping(self.checks)
        if stopped is not None:
            return stopped.patched
        return (self.handover.part,) if self.verdict is self.handover.verdict and self.handover.part else ()


def simulate_inbound(proxy: Proxy, listener: Listener, connection: Connection, request: Request) -> Inbound:
    """What the server's proxy does with a connection and the request on it."""
    rule = _peer_rule(listener, connection)
    chain = find_filter_chain(listener, connection)
    problem = _refusal(chain, connection)
    if chain is None or problem:
        return Inbound(listener=listener.name, verdict=Verdict.REFUSED, tls=connection.tls, rule=rule, problem=problem)
    filtered, handover = _let_through(proxy, chain, connection, request)
    unknown = (*unknown_listener_filters(listener), *filtered.unknown)
    return Inbound(
        listener=listener.name,
        verdict=Verdict.UNFORESEEN if unknown else _verdict(filtered, handover),
        tls=connection.tls,
        rule=rule,
        checks=filtered.checks,
        fault=filtered.fault,
        unknown=unknown,
        handover=handover,
    )


def _peer_rule(listener: Listener, connection: Connection) -> Rule | None:
    """Who says what may be spoken: of the listener, or of the port where one listener is for all."""
    meant = [one for one in listener.filter_chains if one.filter_chain_match.destination_port.value == connection.port]
    return next(filter(None, map(rule_of, [listener.metadata, *(one.metadata for one in meant)])), None)


def _refusal(chain: FilterChain | None, connection: Connection) -> str:
    """Why the chain does not take the connection; empty if it does."""
    if chain is None:
        return NO_CHAIN if connection.tls else ONLY_TLS
    context = unpack(chain.transport_socket.typed_config, DownstreamTlsContext)
    if context is None:
        # TLS that is not meant for a sidecar may be what a program on a port without HTTP ends itself.
        passed = connection_manager(chain) is None and MESH_PROTOCOL not in connection.protocols
        return "the caller opens TLS, and the server takes plaintext only" if connection.tls and not passed else ""
    if not connection.tls:
        return ONLY_TLS
    if context.require_client_certificate.value and not connection.peer:
        return "the caller shows no certificate, and the server asks for one"
    return ""


def _let_through(
    proxy: Proxy, chain: FilterChain, connection: Connection, request: Request
) -> tuple[Filtered, Handover]:
    connection = replace(connection, peer=connection.peer if connection.tls else "")
    connected = pass_network_filters(chain, Stream(request=request, connection=connection))
    manager = connection_manager(chain)
    if manager is None:
        return connected, hand_over_stream(proxy, chain)
    if connected.stopped_by is not None:
        return connected, Handover()
    try:
        filtered = _filter(proxy, manager, connection, request)
    except NotSimulatedError as error:
        return replace(connected, unknown=(*connected.unknown, route_part(error))), Handover()
    handover = hand_over_request(proxy, filtered.chosen, filtered.stream.request)
    checks, unknown = (*connected.checks, *filtered.checks), (*connected.unknown, *filtered.unknown)
    return replace(filtered, checks=checks, unknown=unknown), handover


def _filter(proxy: Proxy, manager: HttpConnectionManager, connection: Connection, request: Request) -> Filtered:
    """Raises NotSimulatedError for a route."""
    routes = proxy.routes(manager) or RouteConfiguration()
    request, refusal = take_request(manager, request)
    stream = Stream(
        request=request,
        connection=replace(connection, client_ip=client_ip(manager, request, connection)),
        ignores_parameters=routes.ignore_path_parameters_in_path_matching,
    )
    if refusal is not None:
        return Filtered(stream=stream, checks=(refusal,))
    return pass_filters(manager.http_filters, stream, routes, proxy.token_rules)


def _verdict(filtered: Filtered, handover: Handover) -> Verdict:
    if filtered.stopped_by is not None:
        return STOPPED_BY.get(filtered.stopped_by.action, Verdict.DENIED)
    return Verdict.ASKED if any(check.action == "CUSTOM" for check in filtered.checks) else handover.verdict
