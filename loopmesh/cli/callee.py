"""Whom a SERVICE:PORT of the command line means."""

from dataclasses import dataclass

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.client import find_workload, service_and_namespace, split_target
from loopmesh.cli.errors import CommandError
from loopmesh.cli.known_service import KnownService, known_services, protocol_of
from loopmesh.model.application import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """An instance, and the name of the port that is called; empty at a gateway, which is no service."""

    workload: admin_pb2.WorkloadStatus
    port_name: str

    @property
    def takes_no_grpc(self) -> bool:
        return bool(self.port_name) and protocol_of(self.port_name) in (Protocol.HTTP, Protocol.TCP, Protocol.TLS)


def find_callee(status: admin_pb2.GetStatusResponse, target: str, namespace: str) -> Callee:
    """`namespace` is the caller's. Raises CommandError for a service or a port that is not there."""
    name, port = split_target(target)
    full = service_and_namespace(name, namespace)
    workload = find_instance(status, target, namespace)
    service = next((one for one in known_services(status.services) if one.full_name == full), None)
    return Callee(workload=workload, port_name=_port_name(service, port) if service else "")


def find_instance(status: admin_pb2.GetStatusResponse, target: str, namespace: str) -> admin_pb2.WorkloadStatus:
    """One of the service, whatever its ports. Raises CommandError for a service that is not there."""
    name, port = split_target(target)
    full = service_and_namespace(name, namespace)
    services = list(known_services(status.services))
    is_known = any(one.full_name == full for one in services)
    if not is_known and all(f"{one.service}.{one.namespace}" != full for one in status.workloads):
        raise CommandError(f"there is no service {full}; {_instead(services, full.partition('.')[0], port)}")
    return find_workload(status, full)


def _port_name(service: KnownService, port: int) -> str:
    found = service.port_name(port)
    if found is None:
        known = ", ".join(map(str, service.ports.values()))
        raise CommandError(f"service {service.name} has no port {port}; it has {known}")
    return found


def _instead(services: list[KnownService], name: str, port: int) -> str:
    meant = [f"{one.full_name}:{port}" for one in services if one.name == name]
    known = ", ".join(one.full_name for one in services)
    return f"did you mean {' or '.join(meant)}?" if meant else f"there are {known}"
