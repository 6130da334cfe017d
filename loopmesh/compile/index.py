"""What many proxies ask of the same topology and policies, worked out once."""

from functools import cached_property

from loopmesh.compile.host_table import HostTable, host_matches
from loopmesh.compile.routes.sidecar_choice import SidecarChoice
from loopmesh.model.application import Application, Service
from loopmesh.model.policies import Policies
from loopmesh.model.topology import Topology, Workload, WorkloadKind
from loopmesh.model.traffic import DestinationRule, TrafficPolicy

NO_RULES: HostTable[DestinationRule] = HostTable(())


class MeshIndex:
    """Look-ups over one topology and one set of policies; both are never changed."""

    def __init__(self, topology: Topology, policies: Policies) -> None:
        self.topology = topology
        self.policies = policies

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

    def rules_of(self, namespace: str) -> HostTable[DestinationRule]:
        """The destination rules written in a namespace."""
        return self._rules.get(namespace, NO_RULES)

    @cached_property
    def _rules(self) -> dict[str, HostTable[DestinationRule]]:
        written: dict[str, list[tuple[str, DestinationRule]]] = {}
        for rule in self.policies.destination_rules:
            written.setdefault(rule.source.policy.namespace, []).append((rule.host, rule))
        return {namespace: HostTable(rules) for namespace, rules in written.items()}

    @cached_property
    def services(self) -> dict[str, Service]:
        """By fully qualified host."""
        return {service.host: service for service in self.application.services}

    @cached_property
    def sidecar_choice(self) -> SidecarChoice:
        return SidecarChoice(self.policies.routings)

    def services_covered(self, pattern: str) -> list[Service]:
        """The services a host of a policy, perhaps a wildcard, stands for."""
        if not pattern.startswith("*"):
            return [self.services[pattern]] if pattern in self.services else []
        return [service for service in self.application.services if host_matches(pattern, service.host)]


def inherit(parent: TrafficPolicy, child: TrafficPolicy) -> TrafficPolicy:
    """A subset's policy: each part it names replaces the rule's (Istio `MergeSubsetTrafficPolicy`)."""
    return TrafficPolicy(
        load_balancing=child.load_balancing or parent.load_balancing,
        connection_pool=child.connection_pool or parent.connection_pool,
        outlier_detection=child.outlier_detection or parent.outlier_detection,
        tls=child.tls or parent.tls,
    )
