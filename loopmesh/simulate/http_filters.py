"""The HTTP filters of a listener, one after the other, until one stops the request."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from envoy.config.route.v3.route_components_pb2 import Route, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.fault.v3.fault_pb2 import HTTPFault
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC, RBACPerRoute
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter
from google.protobuf.any_pb2 import Any

from loopmesh.simulate.check import Check
from loopmesh.simulate.fault import Fault, fault_of
from loopmesh.simulate.proxy import unpack
from loopmesh.simulate.rbac import check_rbac
from loopmesh.simulate.stream import Stream

HARMLESS = frozenset(
    {
        "envoy.extensions.filters.http.cors.v3.Cors",
        "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig",
        "envoy.extensions.filters.http.grpc_web.v3.GrpcWeb",
        "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig",
        "stats.PluginConfig",
        Router.DESCRIPTOR.full_name,
    }
)
"""Filters that stop no call and do not change where it goes."""
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
    checks: list[Check] = []
    fault: Fault | None = None
    unknown: list[str] = []
    for one in filters:
        config = said.get(one.name, one.typed_config)
        if (rbac := _rbac(config)) is not None:
            checks.extend(_given(check_rbac(rbac, stream)))
        elif (faults := unpack(config, HTTPFault)) is not None:
            fault = fault_of(faults, stream.request)
        elif config.TypeName() not in HARMLESS:
            unknown.append(one.name)
        if checks and not checks[-1].passed:
            break
    return Filtered(stream=stream, checks=tuple(checks), fault=fault, unknown=tuple(unknown))


def _rbac(config: Any) -> RBAC | None:
    """A route's own rules replace the listener's; none switch the filter off."""
    per_route = unpack(config, RBACPerRoute)
    return per_route.rbac if per_route is not None else unpack(config, RBAC)


def _given(check: Check | None) -> Iterator[Check]:
    if check is not None:
        yield check
