"""Where a program dials what is no HTTP: loopback ports instead of a host's address on a cluster."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.model.topology import Forward, Topology, Workload
from loopmesh.oracle.host_addresses import HostAddresses
from loopmesh.oracle.question import service_address

EVERYWHERE = "0.0.0.0"  # noqa: S104 # Istio's spelling, compared with
Target = tuple[str, int]
"""A host and the port of it that is dialled."""


class Dialled:
    """The TCP ports that lead into a workload's sidecar: those its program was given, and forwards."""

    def __init__(self, topology: Topology, workload: Workload, addresses: HostAddresses) -> None:
        services = topology.application.services
        self._services = {service_address(number): service.host for number, service in enumerate(services)}
        self._addresses = addresses
        self._ports = {(one.host, one.port): one.listen_port for one in workload.outbound}
        self._forwards = [one for one in topology.forwards if one.workload == workload.name]

    def ports(self, listener: Listener) -> dict[Target, int]:
        """The program's, by what it wants to reach with each: a service of the mesh, or one of the hosts outside that
        share the listener."""
        return {target: self._ports[target] for target in sorted(self.targets(listener)) if target in self._ports}

    def others(self, listeners: Iterable[Listener], routes: Iterable[RouteConfiguration]) -> dict[Target, int]:
        """The program's ports that none of the listeners is for, and by which it does not call by HTTP: what a port
        speaks may be another thing in another namespace."""
        known = {target for listener in listeners for target in self.targets(listener)}
        asked = {(domain, one.name) for one in routes for host in one.virtual_hosts for domain in host.domains}
        return {
            (host, number): port
            for (host, number), port in self._ports.items()
            if (host, number) not in known and (host, f"{number}") not in asked
        }

    def forwards(self, listener: Listener) -> list[Forward]:
        """Those to what it is for."""
        targets = self.targets(listener)
        return [one for one in self._forwards if (one.host, one.port) in targets]

    def targets(self, listener: Listener) -> set[Target]:
        """Whose connections it would take on a cluster, wherever it leads them."""
        where = listener.address.socket_address
        hosts = self._hosts_at(where.address)
        if where.address == EVERYWHERE:
            named = self._only_named(where.port_value)
            hosts = {host for chain in listener.filter_chains for host in self._hosts_of(chain, named)}
        return {(host, where.port_value) for host in hosts}

    def lead(self, listener: Listener, target: Target) -> None:
        """Leaves of a copy of the listener the chains that are for the target, at whatever address it is dialled."""
        if listener.address.socket_address.address != EVERYWHERE:
            return
        kept: list[FilterChain] = []
        for chain in listener.filter_chains:
            if target[0] in self._hosts_of(chain, {target[0]}):
                chain.filter_chain_match.ClearField("prefix_ranges")
                # Istio repeats one for every range of addresses.
                if all(chain.filter_chain_match != one.filter_chain_match for one in kept):
                    kept.append(chain)
        kept = [FilterChain.FromString(one.SerializeToString()) for one in kept]
        del listener.filter_chains[:]
        listener.filter_chains.extend(kept)

    def _hosts_at(self, address: str) -> set[str]:
        if address in self._services:
            return {self._services[address]}
        return self._addresses.hosts_at(address)

    def _only_named(self, port: int) -> set[str]:
        """The hosts without an address that are dialled at the port."""
        wanted = {*self._ports, *((one.host, one.port) for one in self._forwards)}
        return {host for host, number in wanted if number == port and self._addresses.has_none(host)}

    def _hosts_of(self, chain: FilterChain, named: set[str]) -> set[str]:
        """Of a chain for plain connections, at an address that several hosts share; `named` are those that have no
        other."""
        if not any(one.typed_config.Is(TcpProxy.DESCRIPTOR) for one in chain.filters):
            return set()
        match = chain.filter_chain_match
        if match.prefix_ranges:
            ranges = [f"{one.address_prefix}/{one.prefix_len.value}" for one in match.prefix_ranges]
            return {host for one in ranges for host in self._addresses.hosts_at(one)}
        if match.server_names:
            return {host for host in named if any(fnmatchcase(host, name) for name in match.server_names)}
        return named
