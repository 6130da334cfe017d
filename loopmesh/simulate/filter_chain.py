"""Which filter chain of a listener takes a connection (Envoy `FilterChainManagerImpl::findFilterChain`)."""

import ipaddress
from collections.abc import Callable, Iterable, Sequence

from envoy.config.core.v3.address_pb2 import CidrRange
from envoy.config.listener.v3.listener_components_pb2 import FilterChain, FilterChainMatch
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.listener.http_inspector.v3.http_inspector_pb2 import HttpInspector
from envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2 import TlsInspector

from loopmesh.simulate.proxy import unpack
from loopmesh.simulate.stream import Connection

TLS = "tls"
RAW = "raw_buffer"
Specificity = Callable[[FilterChainMatch], int | None]
"""How closely a chain's condition fits: the higher the closer, 0 without a condition, None where it does not fit."""


def find_filter_chain(listener: Listener, connection: Connection) -> FilterChain | None:
    """Condition by condition, in Envoy's order, only the chains that fit closest remain; there is no way back."""
    chains: Sequence[FilterChain] = listener.filter_chains
    for specificity in _conditions(listener, connection):
        chains = _closest(chains, specificity)
    if chains:
        return chains[0]
    return listener.default_filter_chain if listener.HasField("default_filter_chain") else None


def _closest(chains: Iterable[FilterChain], specificity: Specificity) -> list[FilterChain]:
    fitting = [(found, chain) for chain in chains if (found := specificity(chain.filter_chain_match)) is not None]
    most = max((found for found, _ in fitting), default=0)
    return [chain for found, chain in fitting if found == most]


def _conditions(listener: Listener, connection: Connection) -> tuple[Specificity, ...]:
    sees_tls = any(unpack(one.typed_config, TlsInspector) for one in listener.listener_filters)
    sees_http = any(unpack(one.typed_config, HttpInspector) for one in listener.listener_filters)
    server_name = connection.server_name if sees_tls else ""
    transport = TLS if sees_tls and connection.tls else RAW
    protocols = connection.protocols if (sees_tls and connection.tls) or sees_http else ()
    return (
        lambda match: _value(match.destination_port.value, connection.port),
        lambda match: _address(match.prefix_ranges, connection.local_ip),
        lambda match: _server_name(match.server_names, server_name),
        lambda match: _value(match.transport_protocol, transport),
        lambda match: _protocol(match.application_protocols, protocols),
        lambda match: _address(match.source_prefix_ranges, connection.remote_ip),
    )


def _value(wanted: object, found: object) -> int | None:
    return (1 if wanted == found else None) if wanted else 0


def _protocol(wanted: Sequence[str], offered: Sequence[str]) -> int | None:
    return (1 if set(wanted) & set(offered) else None) if wanted else 0


def _server_name(wanted: Sequence[str], name: str) -> int | None:
    """An exact name, else the longest `*.suffix`."""
    if not wanted:
        return 0
    fitting = [len(one) + (one == name) for one in wanted if one == name or _covers(one, name)]
    return max(fitting, default=None)


def _covers(pattern: str, name: str) -> bool:
    return pattern.startswith("*.") and name.endswith(pattern[1:])


def _address(ranges: Iterable[CidrRange], address: str) -> int | None:
    """By the longest prefix."""
    lengths = [int(found.prefix_len.value) for found in ranges if contains(found, address)]
    if lengths:
        return 1 + max(lengths)
    return None if list(ranges) else 0


def contains(wanted: CidrRange, address: str) -> bool:
    """Whether the address lies in the range."""
    network = ipaddress.ip_network(f"{wanted.address_prefix}/{wanted.prefix_len.value}", strict=False)
    return ipaddress.ip_address(address) in network
