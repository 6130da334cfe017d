"""Where the keys of token issuers are reached: the host itself, or the proxy of a service of the mesh."""

from loopmesh.control import FetchError
from loopmesh.model.topology import LOOPBACK, Topology

ASKING_NAMESPACE = "istio-system"
"""Istio's control plane asks from here, so a service is named with its namespace."""


def locate(topology: Topology, host: str, port: int) -> tuple[str, int]:
    """Raises FetchError for a service without an instance that takes traffic on the port."""
    services = [one for one in topology.application.services if host in one.names_from(ASKING_NAMESPACE)]
    if not services:
        return host, port
    for workload in topology.workloads:
        if (workload.namespace, workload.service) == (services[0].namespace, services[0].name):
            for inbound in workload.inbound:
                if inbound.port.number == port and workload.name in topology.ready:
                    return LOOPBACK, inbound.listen_port
    raise FetchError(f"no instance of {host} is ready on port {port}")
