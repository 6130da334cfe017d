"""Where a program dials what is no HTTP: loopback ports instead of a service's address on a cluster."""

import re
from collections.abc import Iterator

from envoy.config.core.v3.address_pb2 import Address
from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.model.topology import LOOPBACK, Topology, Workload
from loopmesh.oracle.addresses import tcp
from loopmesh.oracle.question import service_address

OUTBOUND_CLUSTER = re.compile(r"outbound\|(\d+)\|[^|]*\|(.+)")


class Dialled:
    """The TCP ports a workload's program was given, by what Istio's listeners say of themselves."""

    def __init__(self, topology: Topology, workload: Workload) -> None:
        services = {
            service.host: service_address(number) for number, service in enumerate(topology.application.services)
        }
        ports = {(one.host, one.port): one.listen_port for one in workload.outbound}
        self._by_address = {(services[host], port): found for (host, port), found in ports.items() if host in services}
        self._outside = {key: found for key, found in ports.items() if key[0] not in services}

    def addresses(self, listener: Listener) -> list[Address]:
        """All ports that lead to it: one for a service of the mesh, and one for each host outside that shares it."""
        where = listener.address.socket_address
        known = self._by_address.get((where.address, where.port_value))
        if known is not None:
            return [tcp(LOOPBACK, known)]
        hosts = {host for chain in listener.filter_chains for host in _destinations(chain)}
        found = {self._outside[host, where.port_value] for host in hosts if (host, where.port_value) in self._outside}
        return [tcp(LOOPBACK, port) for port in sorted(found)]


def _destinations(chain: FilterChain) -> Iterator[str]:
    """The hosts a chain for plain connections leads to."""
    for one in chain.filters:
        proxy = TcpProxy()
        if one.typed_config.Unpack(proxy):
            names = [proxy.cluster, *(weighted.name for weighted in proxy.weighted_clusters.clusters)]
            yield from (found[2] for found in map(OUTBOUND_CLUSTER.fullmatch, names) if found)
