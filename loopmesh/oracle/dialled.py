"""Where a program dials what is no HTTP: loopback ports instead of a service's address on a cluster."""

import re
from collections.abc import Iterable, Iterator

from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.model.topology import Forward, Topology, Workload
from loopmesh.oracle.question import service_address

OUTBOUND_CLUSTER = re.compile(r"outbound\|(\d+)\|[^|]*\|(.+)")


Target = tuple[str, int]
"""A host and the port of it that is dialled."""


class Dialled:
    """The TCP ports that lead into a workload's sidecar: those its program was given, and forwards."""

    def __init__(self, topology: Topology, workload: Workload) -> None:
        services = topology.application.services
        self._hosts = {service_address(number): service.host for number, service in enumerate(services)}
        self._ports = {(one.host, one.port): one.listen_port for one in workload.outbound}
        self._forwards = [one for one in topology.forwards if one.workload == workload.name]

    def ports(self, listener: Listener) -> dict[Target, int]:
        """The program's, by what it wants to reach with each: a service of the mesh, or one of the hosts outside that
        share the listener."""
        return {target: self._ports[target] for target in sorted(self.targets(listener)) if target in self._ports}

    def others(self, listeners: Iterable[Listener]) -> dict[Target, int]:
        """The program's ports that none of the listeners is for."""
        known = {target for listener in listeners for target in self.targets(listener)}
        return {target: port for target, port in self._ports.items() if target not in known}

    def forwards(self, listener: Listener) -> list[Forward]:
        """Those to what it leads to."""
        targets = self.targets(listener)
        return [one for one in self._forwards if (one.host, one.port) in targets]

    def targets(self, listener: Listener) -> set[Target]:
        """By what Istio's listener says of itself."""
        where = listener.address.socket_address
        if where.address in self._hosts:
            return {(self._hosts[where.address], where.port_value)}
        return {(host, where.port_value) for chain in listener.filter_chains for host in _destinations(chain)}


def _destinations(chain: FilterChain) -> Iterator[str]:
    """The hosts a chain for plain connections leads to."""
    for one in chain.filters:
        proxy = TcpProxy()
        if one.typed_config.Unpack(proxy):
            names = [proxy.cluster, *(weighted.name for weighted in proxy.weighted_clusters.clusters)]
            yield from (found[2] for found in map(OUTBOUND_CLUSTER.fullmatch, names) if found)
