"""Istio's configuration says which policy a route or destination comes from, and not from where in it, and nothing of
PeerAuthentications: that is copied from loopmesh's own, where both have the same."""

from collections.abc import Iterable, Iterator, Mapping

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import INBOUND, Metadata
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import Route, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from google.protobuf.message import Message

from loopmesh.compile import ProxyConfig
from loopmesh.compile.origin import LOOPMESH


def lend_places(own: ProxyConfig, istios: ProxyConfig) -> None:
    """To the messages of `istios`, which do nothing else for it: proxies do not heed metadata of this name."""
    for name, cluster in istios.clusters.items():
        known = own.clusters.get(name)
        if isinstance(cluster, Cluster) and isinstance(known, Cluster):
            _lend(known.metadata, cluster.metadata)
    _lend_to_inbound(own.listeners, istios.listeners)
    hosts = {(name, host.name): host for name, host in _virtual_hosts(own.routes)}
    called = {host.name: host for host in hosts.values()}
    for name, host in _virtual_hosts(istios.routes):
        # A sidecar's are in one configuration here, and in one for each port there.
        found = hosts.get((name, host.name)) or called.get(host.name)
        if found is not None and _ways(found.routes) == _ways(host.routes):
            for lender, borrower in zip(found.routes, host.routes, strict=True):
                _lend(lender.metadata, borrower.metadata)


def _lend_to_inbound(own: Mapping[str, Message], istios: Mapping[str, Message]) -> None:
    """Of a port, for which loopmesh has a listener and Istio chains in one for all."""
    for listener in istios.values():
        if isinstance(listener, Listener) and listener.traffic_direction == INBOUND:
            for chain in listener.filter_chains:
                known = own.get(f"inbound|{chain.filter_chain_match.destination_port.value}")
                if isinstance(known, Listener):
                    chain.metadata.MergeFrom(known.metadata)


def _virtual_hosts(routes: Mapping[str, Message]) -> Iterator[tuple[str, VirtualHost]]:
    for name, one in routes.items():
        if isinstance(one, RouteConfiguration):
            for host in one.virtual_hosts:
                yield name, host


def _ways(routes: Iterable[Route]) -> list[tuple[str, str | None]]:
    """What tells whether two lists are the same routes: names and what is done with requests."""
    return [(route.name, route.WhichOneof("action")) for route in routes]


def _lend(lender: Metadata, borrower: Metadata) -> None:
    if LOOPMESH in lender.filter_metadata:
        borrower.filter_metadata[LOOPMESH].CopyFrom(lender.filter_metadata[LOOPMESH])
