"""What many proxies ask of the same topology and policies, worked out once."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar, cast

from google.protobuf.message import Message

from loopmesh.compile.destinations.rules import RuleBook
from loopmesh.compile.routes.delegation import delegated
from loopmesh.compile.selection import Selection
from loopmesh.compile.sidecars import SidecarBook
from loopmesh.compile.visible import settled
from loopmesh.model.added_host import AddedHost, Called
from loopmesh.model.application import Application, Service
from loopmesh.model.authorization import AuthorizationPolicy
from loopmesh.model.policies import Policies
from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.routing import Routing
from loopmesh.model.security import PeerAuthentication
from loopmesh.model.token import RequestAuthentication
from loopmesh.model.topology import Topology, Workload, WorkloadKind
from loopmesh.model.visibility import Visibility

Made = TypeVar("Made", bound=Message)


class MeshIndex:
    """Look-ups over one topology and one set of policies; both are never changed."""

    def __init__(self, topology: Topology, policies: Policies) -> None:
        self.topology = topology
        self.policies = policies
        self._made: dict[tuple[object, ...], Message] = {}

    def once(self, key: tuple[object, ...], make: Callable[[], Made]) -> Made:
        """The message made for a key before, or a new one: views that see the same share the message."""
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = make()
        return cast(Made, found)

    @cached_property
    def authorization_policies(self) -> Selection[AuthorizationPolicy]:
        return Selection(self.policies.authorization_policies, self.policies.settings.root_namespace)

    @cached_property
    def request_authentications(self) -> Selection[RequestAuthentication]:
        return Selection(self.policies.request_authentications, self.policies.settings.root_namespace)

    @cached_property
    def peer_authentications(self) -> Selection[PeerAuthentication]:
        return Selection(self.policies.peer_authentications, self.policies.settings.root_namespace)

    @property
    def application(self) -> Application:
        return self.topology.application

    @cached_property
    def instances(self) -> dict[tuple[str, str], list[Workload]]:
        """Sidecar workloads by (namespace, service)."""
        found: dict[tuple[str, str], list[Workload]] = {}
        for workload in self.topology.workloads:
            if workload.kind is WorkloadKind.SIDECAR:
                found.setdefault((workload.namespace, workload.service), []).append(workload)
        return found

    def ready_instances(self, service: Service) -> list[Workload]:
        """Those that take traffic, in the order of the topology."""
        workloads = self.instances.get((service.namespace, service.name), [])
        return [workload for workload in workloads if workload.name in self.topology.ready]

    @cached_property
    def rules(self) -> RuleBook:
        return RuleBook(self.policies.destination_rules, self.policies.settings)

    @cached_property
    def called(self) -> tuple[Called, ...]:
        """Everything that has a name: services first."""
        return (*self.application.services, *self.policies.added_hosts)

    def is_exported(self, called: Called, namespace: str) -> bool:
        """Whether callers of the namespace see it."""
        return self.visibility(called).includes(namespace)

    def visibility(self, called: Called) -> Visibility:
        """Where it is seen."""
        said = called.visibility if isinstance(called, AddedHost) else None
        return settled(said, self.policies.settings.visibility.services, called.namespace)

    def selected(self, selector: WorkloadSelector) -> list[Workload]:
        """The ready sidecars a selector means, in the order of the topology."""
        return [
            workload
            for several in self.instances.values()
            for workload in several
            if workload.name in self.topology.ready and selector.selects(workload.namespace, workload.labels)
        ]

    @cached_property
    def routings(self) -> tuple[Routing, ...]:
        """Those that have hosts, with all that they delegate."""
        return delegated(self.policies.routings)

    @cached_property
    def sidecars(self) -> SidecarBook:
        return SidecarBook(self.policies.sidecars, self.policies.settings.root_namespace)
