"""Where the keys of token issuers are reached: the host itself, or the proxy of a service of the mesh."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from loopmesh.control import FetchError
from loopmesh.model.application import Application, Service
from loopmesh.model.token import KeySource
from loopmesh.model.topology import Inbound, Topology, Workload

ASKING_NAMESPACE = "istio-system"
"""Istio's control plane asks from here, so a service is named with its namespace."""
Address = tuple[str, int]


def locate(topology: Topology, host: str, port: int, address_of: Callable[[Workload, Inbound], Address]) -> Address:
    """`address_of` is where a sidecar takes connections. Raises FetchError for a service without an instance that
    takes traffic on the port."""
    service = _service(topology.application, host)
    if service is None:
        return host, port
    for workload in topology.workloads:
        if (workload.namespace, workload.service) == (service.namespace, service.name):
            for inbound in workload.inbound:
                if inbound.port.number == port and workload.name in topology.ready:
                    return address_of(workload, inbound)
    raise FetchError(f"no instance of {host} is ready on port {port}")


def keys_in_mesh(timeouts: Mapping[KeySource, int], application: Application) -> dict[KeySource, int]:
    """Only those that a service of the mesh has."""
    return {one: ms for one, ms in timeouts.items() if _service(application, urlsplit(one.url).hostname or "")}


def _service(application: Application, host: str) -> Service | None:
    return next((one for one in application.services if host in one.names_from(ASKING_NAMESPACE)), None)
