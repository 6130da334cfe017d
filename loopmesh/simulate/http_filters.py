"""The HTTP filters of a listener, one after the other, until one stops the request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from envoy.config.route.v3.route_components_pb2 import Route, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.cors.v3.cors_pb2 import CorsPolicy
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthz
from envoy.extensions.filters.http.fault.v3.fault_pb2 import HTTPFault
from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import JwtAuthentication
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC, RBACPerRoute
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter
from google.protobuf.any_pb2 import Any

from loopmesh.simulate.authorizer import check_authorizer
from loopmesh.simulate.check import Check
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.fault import Fault, fault_of
from loopmesh.simulate.preflight import check_preflight
from loopmesh.simulate.proxy import unpack
from loopmesh.simulate.rbac import check_rbac, note_shadow_rules
from loopmesh.simulate.stream import Stream
from loopmesh.simulate.token_filter import check_tokens

HARMLESS = frozenset(
    {
        "envoy.extensions.filters.http.cors.v3.Cors",
        "envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig",
        "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig",
        "envoy.extensions.filters.http.grpc_web.v3.GrpcWeb",
        "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig",
        "stats.PluginConfig",
        Router.DESCRIPTOR.full_name,
    }
)
"""Filters that stop no call and do not change where it goes."""
TRANSCODER = "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder"
Overrides = Mapping[str, Any]
"""What a route says to filters, by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """`unknown` names filters whose effect is not simulated; the request is taken to pass them unchanged."""

    stream: Stream
    checks: tuple[Check, ...] = ()
    fault: Fault | None = None
    unknown: tuple[str, ...] = ()

    @property
    def stopped_by(self) -> Check | None:
        return next((check for check in self.checks if not check.passed), None)


def overrides(routes: RouteConfiguration, host: VirtualHost, route: Route) -> Overrides:
    """What is said nearest to the route counts."""
    levels = (routes.typed_per_filter_config, host.typed_per_filter_config, route.typed_per_filter_config)
    return {name: level[name] for level in levels for name in level}


def pass_filters(filters: Sequence[HttpFilter], stream: Stream, said: Overrides) -> Filtered:
    """Raises NotSimulatedError."""
    checks: list[Check] = []
    fault: Fault | None = None
    unknown: list[str] = []
    for one in filters:
        config = said.get(one.name, one.typed_config)
        if (faults := unpack(config, HTTPFault)) is not None:
            fault = fault_of(faults, stream.request)
        elif (checked := _check(one.name, config, stream)) is not None:
            stream, check = checked
            checks.extend([check] if check else [])
        elif config.TypeName() == TRANSCODER and not stream.request.is_grpc:
            raise NotSimulatedError("the translation of REST into gRPC")
        elif config.TypeName() not in HARMLESS:
            unknown.append(one.name)
        if checks and not checks[-1].passed:
            break
    return Filtered(stream=stream, checks=tuple(checks), fault=fault, unknown=tuple(unknown))


def _check(name: str, config: Any, stream: Stream) -> tuple[Stream, Check | None] | None:
    """What a filter that decides makes of the request; None for other filters."""
    if (rbac := _rbac(config)) is not None:
        return note_shadow_rules(name, rbac, stream), check_rbac(rbac, stream)
    if (tokens := unpack(config, JwtAuthentication)) is not None:
        return check_tokens(tokens, stream)
    if (authorizer := unpack(config, ExtAuthz)) is not None:
        return stream, check_authorizer(authorizer, stream)
    if (cors := unpack(config, CorsPolicy)) is not None:
        return stream, check_preflight(cors, stream.request)
    return None


def _rbac(config: Any) -> RBAC | None:
    """A route's own rules replace the listener's; none switch the filter off."""
    per_route = unpack(config, RBACPerRoute)
    return per_route.rbac if per_route is not None else unpack(config, RBAC)
