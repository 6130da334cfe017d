"""Which servers of the gateway policies a gateway workload has, and which routes they use."""

from dataclasses import dataclass

from loopmesh.compile import names
from loopmesh.compile.index import MeshIndex
from loopmesh.model.edge import Gateway, Server
from loopmesh.model.topology import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenServer:
    """A server with the policy it stands in."""

    gateway: Gateway
    server: Server

    @property
    def routes(self) -> str:
        """The name of its routes: servers without TLS share those of the port (Istio `gatewayRDSRouteName`)."""
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
        for server in servers:
            found.setdefault(server.routes, []).append(server)
    return found
