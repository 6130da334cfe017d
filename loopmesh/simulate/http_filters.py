"""The HTTP filters of a listener, one after the other, until one stops the request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.cors.v3.cors_pb2 import CorsPolicy
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthz
from envoy.extensions.filters.http.fault.v3.fault_pb2 import HTTPFault
from envoy.extensions.filters.http.grpc_json_transcoder.v3.transcoder_pb2 import GrpcJsonTranscoder
from envoy.extensions.filters.http.grpc_web.v3.grpc_web_pb2 import GrpcWeb
from envoy.extensions.filters.http.header_mutation.v3.header_mutation_pb2 import HeaderMutation
from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import JwtAuthentication
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC, RBACPerRoute
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter
from google.protobuf.any_pb2 import Any

from loopmesh.model.patch import Target
from loopmesh.simulate.authorizer import check_authorizer
from loopmesh.simulate.check import Check, stopping
from loopmesh.simulate.chosen_route import ChosenRoute, choose_route
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.fault import Fault, fault_of
from loopmesh.simulate.grpc_web import as_grpc
from loopmesh.simulate.header_mutation import mutated
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.part import Part, filter_part
from loopmesh.simulate.preflight import check_preflight
from loopmesh.simulate.proxy import unpack
from loopmesh.simulate.rbac import check_rbac, note_shadow_rules
from loopmesh.simulate.stream import Stream
from loopmesh.simulate.token_filter import check_tokens
from loopmesh.simulate.transcoder import transcode

HARMLESS = frozenset(
    {
        "envoy.extensions.filters.http.cors.v3.Cors",
        "envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig",
        "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig",
        "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig",
        "stats.PluginConfig",
        Router.DESCRIPTOR.full_name,
    }
)
"""Filters that stop no call and do not change where it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """`chosen` is the route in the end. `unknown` are filters whose effect is not simulated: the rest is what would be
    without them."""

    stream: Stream
    chosen: ChosenRoute = field(default_factory=ChosenRoute)
    checks: tuple[Check, ...] = ()
    fault: Fault | None = None
    unknown: tuple[Part, ...] = ()

    @property
    def stopped_by(self) -> Check | None:
        return stopping(self.checks)


def pass_filters(
    filters: Sequence[HttpFilter], stream: Stream, routes: RouteConfiguration, token_rules: Mapping[str, Rule]
) -> Filtered:
    """`token_rules` are those behind providers of tokens. Raises NotSimulatedError for a route."""
    checks: list[Check] = []
    fault: Fault | None = None
    unknown: list[Part] = []
    chosen = choose_route(routes, stream)
    for one in filters:
        if one.disabled and one.name not in chosen.overrides:
            continue
        config = chosen.overrides.get(one.name, one.typed_config)
        part = filter_part(Target.HTTP_FILTER, one.name, config)
        try:
            if (faults := unpack(config, HTTPFault)) is not None:
                fault = fault_of(faults, stream.request, by_route=one.name in chosen.overrides)
                continue
            checked = _check(one.name, config, stream, token_rules)
        except NotSimulatedError as error:
            checked, part = None, replace(part, says=str(error))
        if checked is not None:
            before, (stream, found) = stream, checked
            checks.extend(replace(check, part=part) for check in found)
            if stream is not before and _looks_again(config):
                chosen = choose_route(routes, stream)
        elif part.kind not in HARMLESS:
            unknown.append(part)
        if checks and not checks[-1].passed:
            break
    return Filtered(stream=stream, chosen=chosen, checks=tuple(checks), fault=fault, unknown=tuple(unknown))


def _check(
    name: str, config: Any, stream: Stream, token_rules: Mapping[str, Rule]
) -> tuple[Stream, tuple[Check, ...]] | None:
    """What a filter that decides makes of the request; None for other filters."""
    if (rbac := _rbac(config)) is not None:
        return note_shadow_rules(name, rbac, stream), check_rbac(rbac, stream)
    if (tokens := unpack(config, JwtAuthentication)) is not None:
        return _with_check(*check_tokens(tokens, stream, token_rules))
    if (authorizer := unpack(config, ExtAuthz)) is not None:
        return _with_check(stream, check_authorizer(authorizer, stream))
    if (transcoder := unpack(config, GrpcJsonTranscoder)) is not None:
        return _with_check(*transcode(transcoder, stream))
    if (headers := unpack(config, HeaderMutation)) is not None:
        return replace(stream, request=mutated(headers, stream.request)), ()
    if unpack(config, GrpcWeb) is not None:
        return replace(stream, request=as_grpc(stream.request)), ()
    if (cors := unpack(config, CorsPolicy)) is not None:
        return _with_check(stream, check_preflight(cors, stream.request))
    return None


def _with_check(stream: Stream, check: Check | None) -> tuple[Stream, tuple[Check, ...]]:
    return stream, (check,) if check else ()


def _looks_again(config: Any) -> bool:
    """Whether the filter makes the proxy forget the route it has chosen, once it has changed something."""
    transcoder, tokens = unpack(config, GrpcJsonTranscoder), unpack(config, JwtAuthentication)
    if transcoder is not None:
        return not transcoder.match_incoming_request_route
    return tokens is not None and any(provider.clear_route_cache for provider in tokens.providers.values())


def _rbac(config: Any) -> RBAC | None:
    """A route's own rules replace the listener's; none switch the filter off."""
    per_route = unpack(config, RBACPerRoute)
    return per_route.rbac if per_route is not None else unpack(config, RBAC)
