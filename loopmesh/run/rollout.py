"""Changes which instances of a service run, without a failed call.

Enters: a service and how many instances it should have. Leaves: instances started and retired in an order that always
leaves enough of them. One change at a time. Never: touches gateways.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from loopmesh.model.added_host import AddedHost
from loopmesh.model.application import Application, Service, Version
from loopmesh.model.topology import Ports, Workload, place_service
from loopmesh.run.errors import RunError
from loopmesh.run.ports import PortLedger
from loopmesh.run.supervisor import Report, Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """Names of the workloads that were started and stopped."""

    started: tuple[str, ...]
    stopped: tuple[str, ...]


class Rollout:
    """Restarts and scales the services of one application."""

    def __init__(
        self,
        *,
        application: Application,
        supervisor: Supervisor,
        ports: PortLedger,
        added_hosts: Callable[[], tuple[AddedHost, ...]] = tuple,
    ) -> None:
        """`added_hosts` are those that policies have added by now; new instances can dial them."""
        self._application = application
        self._supervisor = supervisor
        self._ports = ports
        self._added_hosts = added_hosts
        self._one_at_a_time = asyncio.Lock()

    async def restart(self, service_name: str, report: Report) -> None:
        """Replaces every instance, one after the other: a new one is ready before an old one is drained.

        Instances of a stateful service keep their names, so there the old one ends first (StatefulSet on Kubernetes).
        Raises RunError for an unknown service, or when a new instance does not get ready; the old ones then stay.
        """
        service = self._service(service_name)
        async with self._one_at_a_time:
            for workload in self._instances(service):
                if service.stateful:
                    await self._replace_in_place(workload, report)
                else:
                    await self._replace_by_new(service, workload, report)

    async def scale(self, service_name: str, version_name: str, replicas: int) -> Scaled:
        """Returns when the new ones are ready or the surplus, highest number first, is drained and gone.

        `version_name` may be empty for a service with one version. Raises RunError for an unknown name, or when a new
        instance does not get ready; it is stopped then.
        """
        service = self._service(service_name)
        version = _version(service, version_name)
        async with self._one_at_a_time:
            present = self._instances(service, version)
            added = [self._place(service, version, present) for _ in range(len(present), replicas)]
            await self._start(added)
            surplus = present[max(replicas, 0) :]
            for workload in reversed(surplus):
                await self._retire(workload)
        return Scaled(started=_names(added), stopped=_names(surplus))

    async def _replace_by_new(self, service: Service, old: Workload, report: Report) -> None:
        version = _version(service, old.version)
        new = self._place(service, version, self._instances(service, version))
        report(f"{new.name}: starting")
        await self._start([new], report)
        report(f"{new.name}: ready")
        report(f"{old.name}: draining")
        await self._retire(old)
        report(f"{old.name}: stopped")

    async def _replace_in_place(self, workload: Workload, report: Report) -> None:
        report(f"{workload.name}: draining")
        await self._supervisor.replace(workload.name)
        report(f"{workload.name}: starting")
        await self._supervisor.wait_until_ready([workload.name], report)
        report(f"{workload.name}: ready")

    async def _start(self, workloads: list[Workload], report: Report | None = None) -> None:
        """Starts them and waits; none of them stays when one does not get ready."""
        try:
            await self._supervisor.start(workloads)
            await self._supervisor.wait_until_ready(_names(workloads), report)
        except RunError:
            known = self._supervisor.workloads
            for workload in workloads:
                if workload in known:
                    await self._retire(workload)
                else:
                    self._release_ports(workload)
            raise

    async def _retire(self, workload: Workload) -> None:
        await self._supervisor.retire(workload.name)
        self._release_ports(workload)

    def _release_ports(self, workload: Workload) -> None:
        for inbound in workload.inbound:
            self._ports.release(inbound.listen_port)
        for dialled in workload.outbound:
            self._ports.release(dialled.listen_port)
        if workload.application_port is not None:
            self._ports.release(workload.application_port)

    def _place(self, service: Service, version: Version, present: list[Workload]) -> Workload:
        """The next instance; its number has not been used since the highest present one. Joins `present`."""
        index = 1 + max((_index(workload) for workload in present), default=-1)
        ports = Ports(proxy=self._ports.allocate, program=self._ports.allocate_for_program)
        workload = place_service(self._application, service, version, index, ports, self._added_hosts())
        present.append(workload)
        return workload

    def _instances(self, service: Service, version: Version | None = None) -> list[Workload]:
        """Present ones by number."""
        found = [
            workload
            for workload in self._supervisor.workloads
            if (workload.namespace, workload.service) == (service.namespace, service.name)
            and (version is None or workload.version == version.name)
        ]
        return sorted(found, key=_index)

    def _service(self, name: str) -> Service:
        """By what the values file calls it, or by its name and namespace (`catalog.shop`)."""
        for service in self._application.services:
            if name in (service.key, f"{service.name}.{service.namespace}"):
                return service
        known = ", ".join(service.key for service in self._application.services)
        raise RunError(f"there is no service {name}; there are {known}")


def _version(service: Service, name: str) -> Version:
    if not name and len(service.versions) == 1:
        return service.versions[0]
    for version in service.versions:
        if version.name == name:
            return version
    known = ", ".join(version.name for version in service.versions)
    asked = f"has no version {name}" if name else "has several versions"
    raise RunError(f"service {service.name} {asked}; name one of {known}")


def _index(workload: Workload) -> int:
    return int(workload.name.rpartition("-")[2])


def _names(workloads: Iterable[Workload]) -> tuple[str, ...]:
    return tuple(workload.name for workload in workloads)
