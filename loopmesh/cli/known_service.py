"""The services of a running mesh, as its status tells them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from loopmesh.admin.v1 import admin_pb2
from loopmesh.model.application import Protocol
from loopmesh.policies.service_ports import PROTOCOLS

CLUSTER_DOMAIN = "svc.cluster.local"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownService:
    """`ports` by their names, which say the protocol."""

    name: str
    namespace: str
    ports: Mapping[str, int]

    @property
    def full_name(self) -> str:
        return f"{self.name}.{self.namespace}"

    def names_from(self, namespace: str) -> tuple[str, ...]:
        """How a caller of a namespace may call it."""
        full = (self.full_name, f"{self.full_name}.svc", f"{self.full_name}.{CLUSTER_DOMAIN}")
        return (self.name, *full) if namespace == self.namespace else full

    def port_name(self, number: int) -> str | None:
        return next((name for name, one in self.ports.items() if one == number), None)


def known_services(services: Iterable[admin_pb2.ServiceInfo]) -> Iterator[KnownService]:
    for one in services:
        ports = dict(sorted(one.ports.items(), key=lambda port: port[1]))
        yield KnownService(name=one.name, namespace=one.namespace, ports=ports)


def protocol_of(port_name: str) -> Protocol:
    """As Istio tells by a port's name."""
    return PROTOCOLS.get(port_name.partition("-")[0], Protocol.TCP)
