"""What the proxies of one class see: the services they can call, and the policies that hold for their calls.

Proxies of one namespace see the same, unless policies depend on the labels of who calls. So it is worked out once for
all of them, and they share the messages.
"""

from collections.abc import Iterator, Mapping

from loopmesh.compile.index import MeshIndex
from loopmesh.compile.routes.scope import RouteScope
from loopmesh.compile.routes.sidecar_choice import SidecarChoice
from loopmesh.model.application import Port, Service
from loopmesh.model.traffic import DestinationRule


class View:
    """Seen from one namespace with `labels`, those that some policy asks for. Nothing in it is ever changed."""

    def __init__(self, index: MeshIndex, namespace: str, labels: Mapping[str, str]) -> None:
        self.index = index
        self.namespace = namespace
        self.labels = labels
        self.services = index.application.services

    @property
    def choice(self) -> SidecarChoice:
        """Which routes hold for a host."""
        return self.index.sidecar_choice

    def ports(self, *, http: bool) -> Iterator[tuple[Service, Port]]:
        """Ports of all visible services: those whose requests can be told apart, or those that are streams of bytes."""
        for service, port in self.service_ports():
            if port.protocol.is_http is http:
                yield service, port

    def service_ports(self) -> Iterator[tuple[Service, Port]]:
        for service in self.services:
            for port in service.ports:
                yield service, port

    def services_covered(self, pattern: str) -> list[Service]:
        """The services a host of a policy, perhaps a wildcard, stands for."""
        return self.index.services_covered(pattern)

    def route_scope(self, port: int) -> RouteScope:
        return RouteScope(port=port, namespace=self.namespace, labels=self.labels)

    def destination_rule(self, service: Service) -> DestinationRule | None:
        """The one that holds for calls to a service."""
        return self.index.rules.rule(self.namespace, self.labels, service.host, service.namespace)

    def rule_at(self, host: str) -> DestinationRule | None:
        """The same by the service's host; None where there is no such service."""
        service = self.index.services.get(host)
        return self.destination_rule(service) if service else None


def views(index: MeshIndex) -> dict[str, View]:
    """The view of every proxy by the name of its workload; equal ones are the same object."""
    made: dict[tuple[object, ...], View] = {}
    found = {}
    for workload in index.topology.workloads:
        deciding = (index.sidecar_choice.deciding_labels, index.rules.deciding_labels)
        labels = {name: value for choose in deciding for name, value in choose(workload.labels).items()}
        key = (workload.namespace, *sorted(labels.items()))
        if key not in made:
            made[key] = View(index, workload.namespace, labels)
        found[workload.name] = made[key]
    return found
