"""Where the keys of token issuers are reached: the host itself, or the proxy of a service of the mesh."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from loopmesh.control import FetchError
from loopmesh.model.application import Application, Service
from loopmesh.model.token import RequestAuthentication
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


def keys_in_mesh(policy: RequestAuthentication, application: Application) -> RequestAuthentication:
    """Only the rules whose keys a service of the mesh has."""
    rules = (rule for rule in policy.rules if _service(application, urlsplit(rule.key_source.url).hostname or ""))
    return replace(policy, rules=tuple(rules))


def _service(application: Application, host: str) -> Service | None:
    return next((one for one in application.services if host in one.names_from(ASKING_NAMESPACE)), None)
