"""What many proxies ask of the same topology and policies, worked out once."""

from collections.abc import Iterator
from functools import cached_property

from loopmesh.compile.routes.sidecar_choice import SidecarChoice
from loopmesh.model.application import Application, Port, Service
from loopmesh.model.policies import Policies
from loopmesh.model.topology import Topology, Workload, WorkloadKind
from loopmesh.model.traffic import DestinationRule, TrafficPolicy


def host_matches(pattern: str, host: str) -> bool:
    """`*` and `*.suffix` match as in Istio's host names."""
    return host == pattern or (pattern.startswith("*") and host.endswith(pattern[1:]))


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

    @cached_property
    def _rules(self) -> dict[str, DestinationRule]:
        exact: dict[str, DestinationRule] = {}
        for rule in self.policies.destination_rules:
            exact.setdefault(rule.host, rule)
        return exact

    def destination_rule(self, host: str) -> DestinationRule | None:
        """The rule for a host: an exact one, else the one with the longest matching wildcard."""
        if host in self._rules:
            return self._rules[host]
        wild = [rule for pattern, rule in self._rules.items() if host_matches(pattern, host)]
        return max(wild, key=lambda rule: len(rule.host), default=None)

    @cached_property
    def sidecar_choice(self) -> SidecarChoice:
        return SidecarChoice(self.policies.routings)

    def services_covered(self, pattern: str) -> list[Service]:
        """The services a host of a policy, perhaps a wildcard, stands for."""
        return [service for service in self.application.services if host_matches(pattern, service.host)]

    def service_ports(self) -> Iterator[tuple[Service, Port]]:
        for service in self.application.services:
            for port in service.ports:
                yield service, port


def inherit(parent: TrafficPolicy, child: TrafficPolicy) -> TrafficPolicy:
    """A subset's policy: each part it names replaces the rule's (Istio `MergeSubsetTrafficPolicy`)."""
    return TrafficPolicy(
        load_balancing=child.load_balancing or parent.load_balancing,
        connection_pool=child.connection_pool or parent.connection_pool,
        outlier_detection=child.outlier_detection or parent.outlier_detection,
        tls=child.tls or parent.tls,
    )
