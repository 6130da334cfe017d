"""The server's side: its proxy takes the connection or not, then lets the request through or not."""

from dataclasses import dataclass, replace

from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import DownstreamTlsContext

from loopmesh.simulate.byte_stream import pass_network_filters
from loopmesh.simulate.check import Check
from loopmesh.simulate.client_address import client_ip
from loopmesh.simulate.filter_chain import find_filter_chain
from loopmesh.simulate.header_names import take_header_names
from loopmesh.simulate.http_filters import Filtered, pass_filters
from loopmesh.simulate.origin import Rule, rule_of
from loopmesh.simulate.path import normalise_path
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
    """`rule` is the policy that says how the listener accepts connections; `problem` says why it does not."""

    listener: str
    verdict: Verdict
    tls: bool
    rule: Rule | None = None
    problem: str = ""
    checks: tuple[Check, ...] = ()
    unknown: tuple[str, ...] = ()


def simulate_inbound(proxy: Proxy, listener: Listener, connection: Connection, request: Request) -> Inbound:
    """What the server's proxy does with a connection and the request on it."""
    rule = rule_of(listener.metadata)
    chain = find_filter_chain(listener, connection)
    problem = _refusal(chain, connection)
    if chain is None or problem:
        return Inbound(listener=listener.name, verdict=Verdict.REFUSED, tls=connection.tls, rule=rule, problem=problem)
    filtered = _filter(proxy, chain, connection, request)
    return Inbound(
        listener=listener.name,
        verdict=_verdict(filtered),
        tls=connection.tls,
        rule=rule,
        checks=filtered.checks,
        unknown=filtered.unknown,
    )


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


def _filter(proxy: Proxy, chain: FilterChain, connection: Connection, request: Request) -> Filtered:
    peer = connection.peer if connection.tls else ""
    manager = connection_manager(chain)
    if manager is None:
        return pass_network_filters(chain, Stream(request=request, connection=replace(connection, peer=peer)))
    routes = proxy.routes(manager) or RouteConfiguration()
    request, refusal = take_header_names(manager, replace(request, path=normalise_path(request.path, manager)))
    stream = Stream(
        request=request,
        connection=replace(connection, peer=peer, client_ip=client_ip(manager, request, connection)),
        ignores_parameters=routes.ignore_path_parameters_in_path_matching,
    )
    if refusal is not None:
        return Filtered(stream=stream, checks=(refusal,))
    return pass_filters(manager.http_filters, stream, routes, proxy.token_rules)


def _verdict(filtered: Filtered) -> Verdict:
    if filtered.stopped_by is not None:
        return STOPPED_BY.get(filtered.stopped_by.action, Verdict.DENIED)
    return Verdict.ASKED if any(check.action == "CUSTOM" for check in filtered.checks) else Verdict.REACHES
