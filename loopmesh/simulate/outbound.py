"""The caller's side: from the listener its program dials to the route its request takes."""

from dataclasses import dataclass, replace
from http import HTTPStatus

from envoy.config.core.v3.base_pb2 import OUTBOUND
from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import Route, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import DownstreamTlsContext

from loopmesh.model.patch import Target
from loopmesh.model.setting import Setting
from loopmesh.simulate.action import Answer, Mirror, mirrors, own_answer
from loopmesh.simulate.arrival import take_request
from loopmesh.simulate.check import Check, stopping
from loopmesh.simulate.chosen_route import ChosenRoute
from loopmesh.simulate.client_address import client_ip
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.fault import Fault
from loopmesh.simulate.filter_chain import find_filter_chain
from loopmesh.simulate.http_filters import pass_filters
from loopmesh.simulate.listener_filters import unknown_listener_filters
from loopmesh.simulate.network_filters import pass_network_filters
from loopmesh.simulate.origin import Rule, rule_of, rule_of_setting
from loopmesh.simulate.part import Part, route_part
from loopmesh.simulate.proxy import Proxy, connection_manager, unpack
from loopmesh.simulate.request import Request
from loopmesh.simulate.retry import NO_RETRY, Retry, retry_of
from loopmesh.simulate.route import PassedOver
from loopmesh.simulate.stream import Connection, Stream, Translation
from loopmesh.simulate.time import route_timeout_ms
from loopmesh.simulate.virtual_host import REFUSING, find_virtual_host

OWN = "outbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The route a request took; `timeout_ms` 0 is none, `answer` is set where the proxy answers by itself.
    `part` is the route itself where no policy of Istio's says it."""

    virtual_host: str
    domain: str
    name: str
    rule: Rule | None
    timeout_ms: int
    retry: Retry
    mirrors: tuple[Mirror, ...]
    answer: Answer | None
    timeout_rule: Rule | None = None
    part: Part | None = None
    is_stream: bool = False
    """Bytes, with no requests to be seen in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """`request` is as it came; `virtual_host` alone is set where a host was found and no route."""

    request: Request
    listener: str = ""
    virtual_host: str = ""
    matched: Matched | None = None
    passed_over: tuple[PassedOver, ...] = ()
    checks: tuple[Check, ...] = ()
    fault: Fault | None = None
    unknown: tuple[Part, ...] = ()
    """Filters whose effect is not simulated."""
    translation: Translation | None = None
    found: tuple[RouteConfiguration, VirtualHost, Route] | None = None
    routed: Request | None = None
    """The request as the route sees it in the end; None where it comes to none."""
    refused: bool = False
    """No filter chain takes the connection, or none that goes anywhere."""
    is_unknown: bool = False
    """Nobody has declared the host, and calls of such are refused."""
    refuses_unknown: Rule | None = None
    """The policy that says so."""
    asks_certificate: bool = False
    """Whoever calls must show a certificate: a gateway's server says so."""

    @property
    def stopped_by(self) -> Check | None:
        return stopping(self.checks)

    @property
    def patched(self) -> tuple[Part, ...]:
        """What ends the call at the caller's proxy, where it is no policy of Istio's."""
        if self.unknown:
            return self.unknown
        if self.stopped_by is not None:
            return self.stopped_by.patched
        return (self.matched.part,) if self.matched and self.matched.answer and self.matched.part else ()


def outbound_listener(proxy: Proxy, port: int) -> Listener | None:
    """The one on a Unix socket: for the port, as Istio names it (`0.0.0.0_8000`), else the program's own, on which
    Istio's for the only port there is may stand."""
    names = list(proxy.listener_names())
    best_first = (*(name for name in names if name.endswith(f"_{port}")), OWN, *names)
    found = (listener for name in best_first if (listener := proxy.listener(name)) is not None)
    return next((one for one in found if one.traffic_direction == OUTBOUND and one.address.pipe.path), None)


def simulate_outbound(
    proxy: Proxy, listener: Listener, request: Request, connection: Connection | None = None
) -> Outbound:
    """What a proxy does with a request before it opens a connection; without a `connection` the program's own asks."""
    connection = connection or Connection(protocols=request.plain_protocols)
    chain = find_filter_chain(listener, connection)
    if chain is None:
        return Outbound(request=request, listener=listener.name, refused=True)
    manager = connection_manager(chain)
    routes = proxy.routes(manager) if manager else None
    if manager is None or routes is None:
        return Outbound(request=request, listener=listener.name)
    connected = pass_network_filters(chain, Stream(request=request, connection=connection))
    unknown = (*unknown_listener_filters(listener), *connected.unknown)
    if connected.stopped_by is not None:
        return Outbound(request=request, listener=listener.name, checks=connected.checks, unknown=unknown)
    request, refusal = take_request(manager, request)
    if refusal is not None:
        return Outbound(request=request, listener=listener.name, checks=(refusal,), unknown=unknown)
    stream = Stream(
        request=request,
        connection=replace(connection, client_ip=client_ip(manager, request, connection)),
        ignores_parameters=routes.ignore_path_parameters_in_path_matching,
    )
    host = find_virtual_host(routes, request.authority)
    if host is not None and host[0].require_tls and not connection.tls:
        sent_away = _to_https(host[0], host[1], request)
        return Outbound(request=request, listener=listener.name, matched=sent_away, unknown=unknown)
    try:
        filtered = pass_filters(manager.http_filters, stream, routes, proxy.token_rules)
        matched = _matched(filtered.chosen, filtered.stream.request)
    except NotSimulatedError as error:
        return Outbound(request=request, listener=listener.name, unknown=(*unknown, route_part(error)))
    chosen = filtered.chosen
    return Outbound(
        request=request,
        listener=listener.name,
        virtual_host=chosen.host.name if chosen.host else "",
        passed_over=chosen.passed_over,
        matched=matched,
        checks=(*connected.checks, *filtered.checks),
        fault=filtered.fault,
        unknown=(*unknown, *filtered.unknown),
        translation=filtered.stream.translation,
        found=chosen.found,
        is_unknown=chosen.host is not None and chosen.host.name == REFUSING,
        refuses_unknown=rule_of_setting(chosen.route.metadata, Setting.UNKNOWN_HOSTS) if chosen.route else None,
        routed=filtered.stream.request,
        asks_certificate=_asks_certificate(chain),
    )


def _asks_certificate(chain: FilterChain) -> bool:
    tls = unpack(chain.transport_socket.typed_config, DownstreamTlsContext)
    return tls is not None and tls.require_client_certificate.value


def _to_https(host: VirtualHost, domain: str, request: Request) -> Matched:
    """The host takes nothing without TLS: before any route is looked for, the client is sent to https."""
    location = f"https://{request.authority}{request.path}"
    return Matched(
        virtual_host=host.name,
        domain=domain,
        name="",
        rule=None,
        timeout_ms=0,
        retry=NO_RETRY,
        mirrors=(),
        answer=Answer(status=HTTPStatus.MOVED_PERMANENTLY, location=location),
    )


def _matched(chosen: ChosenRoute, request: Request) -> Matched | None:
    if chosen.found is None:
        return None
    _, host, route = chosen.found
    rule = rule_of(route.metadata)
    return Matched(
        virtual_host=host.name,
        domain=chosen.domain,
        name=route.name,
        rule=rule,
        part=None if rule else Part(target=Target.HTTP_ROUTE, name=route.name),
        timeout_ms=route_timeout_ms(route.route),
        retry=retry_of(host, route),
        mirrors=tuple(mirrors(route.route)),
        answer=own_answer(route, request),
        timeout_rule=rule_of_setting(route.metadata, Setting.TIMEOUT),
    )
