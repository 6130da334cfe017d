"""The filters of a connection, one after the other, until one ends it or the last takes it over."""

from dataclasses import replace

from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.extensions.filters.network.ext_authz.v3.ext_authz_pb2 import ExtAuthz
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.filters.network.rbac.v3.rbac_pb2 import RBAC
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.model.patch import Target
from loopmesh.simulate.authorizer import check_authorizer
from loopmesh.simulate.check import Check
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.http_filters import Filtered
from loopmesh.simulate.part import Part, filter_part
from loopmesh.simulate.proxy import unpack
from loopmesh.simulate.rbac import check_rbac, note_shadow_rules
from loopmesh.simulate.stream import Stream

LAST = frozenset({HttpConnectionManager.DESCRIPTOR.full_name, TcpProxy.DESCRIPTOR.full_name})
"""They take a connection over; no filter after them sees it."""
HARMLESS = frozenset(
    {
        "envoy.extensions.filters.network.mongo_proxy.v3.MongoProxy",
        "envoy.tcp.metadataexchange.config.MetadataExchange",
        "stats.PluginConfig",
    }
)
"""Filters that end no connection."""


def pass_network_filters(chain: FilterChain, stream: Stream) -> Filtered:
    """Authorization of the connection itself, and what else stands before the filter that takes it over."""
    checks: list[Check] = []
    unknown: list[Part] = []
    for one in chain.filters:
        kind = one.typed_config.TypeName()
        if kind in LAST:
            break
        part = filter_part(Target.NETWORK_FILTER, one.name, one.typed_config)
        try:
            checked = _check(one, stream)
        except NotSimulatedError as error:
            checked, part = None, replace(part, says=str(error))
        if checked is not None:
            stream, found = checked
            checks.extend(replace(check, part=part) for check in found)
        elif kind not in HARMLESS:
            unknown.append(part)
        if checks and not checks[-1].passed:
            break
    return Filtered(stream=stream, checks=tuple(checks), unknown=tuple(unknown))


def _check(one: Filter, stream: Stream) -> tuple[Stream, tuple[Check, ...]] | None:
    """What a filter that decides makes of the connection; None for other filters. Raises NotSimulatedError."""
    if (rbac := unpack(one.typed_config, RBAC)) is not None:
        return note_shadow_rules(one.name, rbac, stream), check_rbac(rbac, stream)
    if (authorizer := unpack(one.typed_config, ExtAuthz)) is not None:
        asked = check_authorizer(authorizer, stream)
        return stream, (asked,) if asked else ()
    return None
