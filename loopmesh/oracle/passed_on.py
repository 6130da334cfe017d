"""Connections Istio hands on to the address their program has looked up: services it is not told of, and server names
no route has.

On a cluster one cluster of Envoy's takes them all, for the kernel knows where each was going. Here each port has a copy
of it that leads to the service's instances, or looks the host up.
"""

from collections.abc import Iterable, Iterator, Mapping

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_components_pb2 import FilterChain
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from loopmesh.model.application import Port, Service
from loopmesh.model.topology import Topology
from loopmesh.oracle.addresses import tcp
from loopmesh.oracle.dialled import Target
from loopmesh.oracle.outside import LOOKED_UP, PASSED_ON

HiddenPort = tuple[Service, Port]


class PassedOn:
    """What one proxy needs for them; made while listeners and routes are led to it. `addresses` are the sidecars'."""

    def __init__(self, topology: Topology, addresses: Mapping[str, str], found: Iterable[Cluster]) -> None:
        self._topology = topology
        self._addresses = addresses
        self._istios = {one.name: one for one in found if one.name in (PASSED_ON, LOOKED_UP)}
        self._services = {service.host for service in topology.application.services}
        self.clusters: dict[str, Cluster] = {}
        self.endpoints: dict[str, ClusterLoadAssignment] = {}

    def lead_connections(self, chain: FilterChain, target: Target, address: str = "") -> None:
        """Of a chain that hands them on; others stay. `address` is one that a policy has given the host."""
        for one in chain.filters:
            proxy = TcpProxy()
            if one.typed_config.Unpack(proxy) and proxy.cluster == PASSED_ON in self._istios:
                proxy.cluster = self._cluster(PASSED_ON, target, address)
                one.typed_config.Pack(proxy, deterministic=True)

    def lead_requests(self, routes: RouteConfiguration, hidden: Iterable[HiddenPort], namespace: str) -> None:
        """Gives hidden ports a virtual host each, which does what the one for unknown hosts does."""
        passing = [one for one in routes.virtual_hosts if one.routes and one.routes[0].route.cluster in self._istios]
        taken = {domain for host in routes.virtual_hosts for domain in host.domains}
        for service, port in hidden if passing else ():
            host = VirtualHost()
            host.CopyFrom(passing[-1])
            host.name = host.routes[0].route.cluster = self.request_cluster(service, port)
            host.domains[:] = [name for name in service.names_from(namespace) if name not in taken]
            routes.virtual_hosts.insert(0, host)

    def request_cluster(self, service: Service, port: Port) -> str:
        target = (service.host, port.number)
        return self._cluster(LOOKED_UP if LOOKED_UP in self._istios else PASSED_ON, target)

    def _cluster(self, istios: str, target: Target, address: str = "") -> str:
        host, port = target
        name = f"passthrough|{port}||{host}"
        cluster = Cluster()
        cluster.CopyFrom(self._istios[istios])
        for field in ("type", "cluster_type", "original_dst_lb_config"):
            cluster.ClearField(field)
        cluster.name, cluster.alt_stat_name, cluster.lb_policy = name, f"{name};", Cluster.RANDOM
        if host in self._services:
            self.endpoints[name] = self._instances(name, host, port)
            cluster.type = Cluster.EDS
            source = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3)
            cluster.eds_cluster_config.eds_config.CopyFrom(source)
        else:
            cluster.type, cluster.dns_lookup_family = Cluster.STRICT_DNS, Cluster.V4_ONLY
            cluster.load_assignment.cluster_name = name
            endpoint = cluster.load_assignment.endpoints.add().lb_endpoints.add().endpoint
            endpoint.address.CopyFrom(tcp(address or host, port))
        self.clusters[name] = cluster
        return name

    def _instances(self, name: str, host: str, port: int) -> ClusterLoadAssignment:
        """Those that are ready, at the addresses Istio knows them by."""
        assignment = ClusterLoadAssignment(cluster_name=name)
        for workload in self._topology.workloads:
            if workload.host == host and workload.name in self._topology.ready:
                locality = assignment.endpoints[0] if assignment.endpoints else assignment.endpoints.add()
                endpoint = locality.lb_endpoints.add().endpoint
                endpoint.address.CopyFrom(tcp(self._addresses[workload.name], port))
        return assignment


def hidden_ports(topology: Topology, routes: Iterable[RouteConfiguration]) -> Iterator[HiddenPort]:
    """Of HTTP services, those that no virtual host is for."""
    known = {(domain, one.name) for one in routes for host in one.virtual_hosts for domain in host.domains}
    for service in topology.application.services:
        for port in service.ports:
            if port.protocol.is_http and (service.host, f"{port.number}") not in known:
                yield service, port
