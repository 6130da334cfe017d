"""Patches of listeners, their chains and filters (Istio `ApplyListenerPatches`).

Istio has one listener for all ports of a sidecar's program, with a chain for each port; loopmesh has a listener for
each port. A match on the port means the same, and the name `virtualInbound` stands for all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain, ListenerFilter
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    HttpFilter,
)

from loopmesh.compile.connection_manager import NAME as CONNECTION_MANAGER
from loopmesh.compile.messages import pack
from loopmesh.compile.patch.listing import edited, named
from loopmesh.compile.patch.merging import copied, merge, merge_packed
from loopmesh.compile.patch.routes import MERGES, patched_routes
from loopmesh.model.patch import ChainMatch, Direction, ListenerMatch, Operation, Patch, Target

INBOUND_NAME = "virtualInbound"
INBOUND_PORT = 15006
"""Of Istio's one listener for everything that comes in."""
Patches = Mapping[Target, Sequence[Patch]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What Istio would call the listener: its direction, its name, the port it is for (0 for all)."""

    direction: Direction
    name: str = ""
    port: int = 0


def patched_listener(listener: Listener, patches: Patches, place: Place) -> Listener | None:
    """A changed copy; None where it is removed."""
    changed = copied(listener)
    for patch, _ in _meant(patches, Target.LISTENER, place):
        if patch.operation is Operation.REMOVE:
            return None
        change = Listener.FromString(patch.value)
        merge(changed, change, replace_lists=patch.operation is Operation.MERGE_AND_REPLACE_LIST)
    _patch_listener_filters(changed, patches, place)
    chains = [found for chain in changed.filter_chains if (found := _patched_chain(chain, patches, place))]
    for patch, _ in _meant(patches, Target.FILTER_CHAIN, place):
        if patch.operation is Operation.ADD:
            chains.append(FilterChain.FromString(patch.value))
    del changed.filter_chains[:]
    changed.filter_chains.extend(chains)
    return changed


def _meant(patches: Patches, target: Target, place: Place) -> list[tuple[Patch, ListenerMatch]]:
    """Patches of the target that are about this listener, with their matches."""
    return [
        (one, one.match)
        for one in patches.get(target, ())
        if isinstance(one.match, ListenerMatch)
        and one.direction in (Direction.ANY, place.direction)
        and one.match.name in ("", place.name)
        and one.match.port in (0, _port(target, place))
    ]


def _port(target: Target, place: Place) -> int:
    is_whole = target is Target.LISTENER and place.direction is Direction.SIDECAR_INBOUND
    return INBOUND_PORT if is_whole else place.port


def _patch_listener_filters(listener: Listener, patches: Patches, place: Place) -> None:
    filters = list(listener.listener_filters)
    for patch, match in _meant(patches, Target.LISTENER_FILTER, place):
        value, name = ListenerFilter.FromString(patch.value), match.listener_filter or None
        if patch.operation is Operation.MERGE:
            _merge_filters([one for one in filters if one.name == name], value)
        else:
            filters = edited(filters, patch.operation, value, named(filters, name))
    kept = list(map(copied, filters))
    del listener.listener_filters[:]
    listener.listener_filters.extend(kept)


def _patched_chain(chain: FilterChain, patches: Patches, place: Place) -> FilterChain | None:
    changed = copied(chain)
    for patch, match in _meant(patches, Target.FILTER_CHAIN, place):
        if not _matches_chain(changed, match.chain, place):
            continue
        if patch.operation is Operation.REMOVE:
            return None
        if patch.operation in MERGES:
            _merge_chain(changed, patch)
    _patch_network_filters(changed, patches, place)
    return changed


def _merge_chain(chain: FilterChain, patch: Patch) -> None:
    """A transport socket of the same name is merged, and nothing else of such a patch counts."""
    change = FilterChain.FromString(patch.value)
    own, wanted = chain.transport_socket, change.transport_socket
    if change.HasField("transport_socket") and chain.HasField("transport_socket") and own.name == wanted.name:
        merge_packed(own.typed_config, wanted.typed_config)
    else:
        merge(chain, change, replace_lists=patch.operation is Operation.MERGE_AND_REPLACE_LIST)


def _matches_chain(chain: FilterChain, match: ChainMatch, place: Place) -> bool:
    found = chain.filter_chain_match
    is_inbound = place.direction is Direction.SIDECAR_INBOUND
    name = f"0.0.0.0_{place.port}" if is_inbound else chain.name
    transport = found.transport_protocol or _transport(chain, place)
    return (
        match.name in ("", name)
        and (not match.server_name or match.server_name in found.server_names)
        and match.transport_protocol in ("", transport)
        and set(match.application_protocols) <= set(found.application_protocols)
        and match.destination_port in (0, place.port if is_inbound else found.destination_port.value)
    )


def _transport(chain: FilterChain, place: Place) -> str:
    """What Istio's chain would be for: there a listener's chains tell TLS apart, here some have no need to."""
    if place.direction is Direction.SIDECAR_INBOUND:
        return "tls" if chain.HasField("transport_socket") else "raw_buffer"
    is_http = any(one.name == CONNECTION_MANAGER for one in chain.filters)
    return "raw_buffer" if place.direction is Direction.SIDECAR_OUTBOUND and is_http else ""


def _patch_network_filters(chain: FilterChain, patches: Patches, place: Place) -> None:
    filters = list(map(copied, chain.filters))
    about = [
        (patch, match.chain)
        for patch, match in _meant(patches, Target.NETWORK_FILTER, place)
        if _matches_chain(chain, match.chain, place)
    ]
    for patch, match in about:
        value = Filter.FromString(patch.value)
        filters = edited(filters, patch.operation, value, named(filters, match.filter))
    for patch, match in about:
        if patch.operation is Operation.MERGE:
            meant = [one for one in filters if match.filter in (None, one.name)]
            _merge_filters(meant, Filter.FromString(patch.value))
    for one in filters:
        if one.name == CONNECTION_MANAGER:
            _patch_manager(one, chain, patches, place)
    del chain.filters[:]
    chain.filters.extend(filters)


def _patch_manager(network: Filter, chain: FilterChain, patches: Patches, place: Place) -> None:
    """Its own routes first, which Istio makes before the listener, then its filters."""
    manager = HttpConnectionManager.FromString(network.typed_config.value)
    if manager.HasField("route_config"):
        routes: RouteConfiguration = patched_routes(manager.route_config, patches, place.direction)
        manager.route_config.CopyFrom(routes)
    filters = list(map(copied, manager.http_filters))
    about = [
        (patch, match.chain.http_filter)
        for patch, match in _meant(patches, Target.HTTP_FILTER, place)
        if _matches_chain(chain, match.chain, place) and match.chain.filter in (None, network.name)
    ]
    for patch, name in about:
        value = HttpFilter.FromString(patch.value)
        filters = edited(filters, patch.operation, value, named(filters, name))
    for patch, name in about:
        if patch.operation is Operation.MERGE:
            _merge_filters([one for one in filters if name in (None, one.name)], HttpFilter.FromString(patch.value))
    del manager.http_filters[:]
    manager.http_filters.extend(filters)
    network.typed_config.CopyFrom(pack(manager))


def _merge_filters(
    filters: Sequence[Filter | HttpFilter | ListenerFilter], change: Filter | HttpFilter | ListenerFilter
) -> None:
    """The configuration inside is merged, a name replaces the filter's; nothing else of it counts."""
    for one in filters:
        if one.HasField("typed_config"):
            one.name = change.name or one.name
            if change.HasField("typed_config"):
                merge_packed(one.typed_config, change.typed_config)
