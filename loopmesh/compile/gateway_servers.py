"""Which servers of the gateway policies a gateway workload has, and which routes they use."""

from collections.abc import Iterator
from dataclasses import dataclass

from loopmesh.compile import names
from loopmesh.compile.host_table import host_matches
from loopmesh.compile.index import MeshIndex
from loopmesh.model.edge import Gateway, Server
from loopmesh.model.routing import Routing
from loopmesh.model.topology import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenServer:
    """A server with the policy it stands in."""

    gateway: Gateway
    server: Server

    @property
    def routes(self) -> str:
        """The name of its routes, if requests can be told apart: servers without TLS share those of the port (Istio
        `gatewayRDSRouteName`)."""
        server, policy = self.server, self.gateway.source.policy
        if server.tls is None:
            return names.gateway_routes(server.port)
        return names.secure_gateway_routes(server.port, server.name, policy.namespace, policy.name)


def open_ports(index: MeshIndex, workload: Workload) -> dict[int, list[OpenServer]]:
    """The servers of all gateway policies that select the workload, by port number."""
    ports: dict[int, list[OpenServer]] = {}
    for gateway in index.policies.gateways:
        if gateway.selects(workload.labels):
            for server in gateway.servers:
                ports.setdefault(server.port, []).append(OpenServer(gateway=gateway, server=server))
    return ports


def servers_by_routes(index: MeshIndex, workload: Workload) -> dict[str, list[OpenServer]]:
    """The same servers by the names of their routes."""
    found: dict[str, list[OpenServer]] = {}
    for servers in open_ports(index, workload).values():
        for one in servers:
            if one.server.is_http:
                found.setdefault(one.routes, []).append(one)
    return found


def common_hosts(routing: Routing, open_server: OpenServer) -> list[str]:
    """The narrower of each pair that overlaps, among the hosts the server has for the policy's namespace."""
    common = []
    for served in _admitted_hosts(routing, open_server):
        for host in routing.hosts:
            if host_matches(host, served):
                common.append(served)
            elif host_matches(served, host):
                common.append(host)
    return list(dict.fromkeys(host.lower() for host in common))


def _admitted_hosts(routing: Routing, open_server: OpenServer) -> Iterator[str]:
    """`namespace/host` is for policies of the namespace only, `./host` for those of the gateway's."""
    for host in open_server.server.hosts:
        namespace, _, name = host.rpartition("/")
        wanted = open_server.gateway.source.policy.namespace if namespace == "." else namespace
        if wanted in ("", "*", routing.source.policy.namespace):
            yield name
