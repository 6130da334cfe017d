"""What the proxies of one class see: the services they can call, and the policies that hold for their calls.

Proxies of one namespace see the same, unless a policy tells them apart by their labels. So it is worked out once for
all of them, and they share the messages.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from loopmesh.compile.host_table import host_matches
from loopmesh.compile.imports import Imports
from loopmesh.compile.index import MeshIndex
from loopmesh.compile.routes.scope import RouteScope
from loopmesh.compile.routes.sidecar_choice import SidecarChoice
from loopmesh.compile.visible import visible_routings
from loopmesh.model.added_host import AddedHost, Called, Resolution
from loopmesh.model.application import Port, Service
from loopmesh.model.sidecar import ALL_HOSTS, Sidecar
from loopmesh.model.topology import WorkloadKind
from loopmesh.model.traffic import DestinationRule


class View:
    """Seen from one namespace, through `sidecar` if there is one, by callers with `labels`, those that some policy asks
    for. A gateway that `stands_apart` is not told what sidecars are told. Nothing in it is ever changed."""

    def __init__(
        self,
        index: MeshIndex,
        namespace: str,
        labels: Mapping[str, str],
        sidecar: Sidecar | None,
        *,
        at_edge: bool = False,
        stands_apart: bool = False,
    ) -> None:
        self.index = index
        self.at_edge = at_edge
        self._stands_apart = stands_apart
        self.namespace = namespace
        self.labels = labels
        self.outbound_policy = (sidecar and sidecar.outbound) or index.policies.settings.outbound
        self._imports = Imports(sidecar.hosts if sidecar else ALL_HOSTS, namespace)
        defaults = index.policies.settings.visibility
        self.routings = visible_routings(index.routings, defaults.routings, namespace)
        """What the namespace sees, also for gateways."""

    @cached_property
    def choice(self) -> SidecarChoice:
        """Which routes hold for a host that a sidecar calls."""
        imported = [one for one in self.routings if self._imports.has_routing(one.source.policy.namespace, one.hosts)]
        return SidecarChoice(imported)

    @cached_property
    def _seen(self) -> tuple[Called, ...]:
        return tuple(one for one in self.index.called if self.index.is_exported(one, self.namespace))

    @cached_property
    def _exported(self) -> dict[str, Called]:
        """Where no import chooses, the oldest counts (Istio `pickBestVisibleNamespace`)."""
        return self._by_host_of(self._named_first(self._seen) if self._stands_apart else self._seen)

    @cached_property
    def services(self) -> tuple[Called, ...]:
        """Those that can be called by name."""
        seen = self._seen if self._imports.only_whole_names else self._named_first(self._seen)
        imported = (one for one in seen if self._imports.has_service(one.namespace, one.host))
        return tuple(self._by_host_of(imported).values())

    def _by_host_of(self, several: Iterable[Called]) -> dict[str, Called]:
        """Of a host that several namespaces have added the caller's own counts, else the first; for a gateway that
        stands apart always the first."""
        found: dict[str, Called] = {}
        for one in several:
            is_own = one.namespace == self.namespace and not self._stands_apart
            if one.host not in found or is_own:
                found[one.host] = one
        return found

    def _named_first(self, several: Iterable[Called]) -> list[Called]:
        """Those exported to the namespace by its name before those exported to all (Istio
        `servicesExportedToNamespace`)."""
        return sorted(several, key=lambda one: self.index.visibility(one).namespaces is None)

    @cached_property
    def _reached(self) -> dict[str, Called]:
        """What calls can reach, by host: what can be called, and where routes lead, to a host of the caller's own
        namespace even where it is not exported to it (Istio `collectImportedServices`)."""
        found = {one.host: one for one in self.services}
        own = {one.host: one for one in self.index.called if one.namespace == self.namespace}
        for routing in () if self._stands_apart else self.choice.routings:
            for destination in routing.destinations_from(self.namespace):
                one = own.get(destination.host) or self._exported.get(destination.host)
                if one is not None:
                    found.setdefault(one.host, one)
        return found

    @property
    def destinations(self) -> tuple[Called, ...]:
        """Those that calls can reach, whether or not by name."""
        return tuple(self._reached.values())

    @cached_property
    def looks_up_called_names(self) -> bool:
        """Whether names are looked up before requests are routed, where their connections would go on; a cluster of
        called names, such as Istio's for DYNAMIC_DNS, looks its names up itself."""
        if self.outbound_policy.looks_up_names:
            return True
        found = (one for one in self.destinations if isinstance(one, AddedHost) and self.looks_up(one))
        return any(one.goes_on and one.resolution is Resolution.CALLED_NAME for one in found)

    def looks_up(self, called: Called) -> bool:
        """Whether a proxy finds the instances by name. A gateway knows none of a host whose connections would go on
        (Istio `convertResolution`)."""
        if not isinstance(called, AddedHost) or called.is_known:
            return False
        return not (self.at_edge and called.goes_on)

    @cached_property
    def request_ports(self) -> tuple[tuple[Called, Port], ...]:
        """What can be called by HTTP."""
        return tuple((one, port) for one in self.services for port in one.ports if port.protocol.is_http)

    @cached_property
    def stream_ports(self) -> tuple[tuple[Called, Port], ...]:
        """What is dialled port by port."""
        return tuple((one, port) for one in self.services for port in one.ports if not port.protocol.is_http)

    @cached_property
    def hidden_ports(self) -> tuple[tuple[Called, Port], ...]:
        """What cannot be called by name and is reached all the same, for a program's connections are passed on: the
        mesh's services, and hosts that are dialled port by port. Other hosts are looked up by the name in a request."""
        if not self.outbound_policy.looks_up_names:
            return ()
        told = {(one.host, port.number) for one in self.services for port in one.ports}
        hidden: dict[tuple[str, int], tuple[Called, Port]] = {}
        for one in filter(self.is_hidden, self.index.called):
            for port in one.ports:
                is_dialled = isinstance(one, Service) or not port.protocol.is_http
                if is_dialled and (one.host, port.number) not in told:
                    hidden.setdefault((one.host, port.number), (one, port))
        return tuple(hidden.values())

    def is_hidden(self, called: Called) -> bool:
        """Whether its name means nothing to the program's sidecar, or the host of another namespace."""
        return self._by_host.get(called.host) is not called

    def destination_ports(self) -> Iterator[tuple[Called, Port]]:
        for service in self.destinations:
            for port in service.ports:
                yield service, port

    def services_covered(self, pattern: str) -> list[Called]:
        """The services a host of a policy, perhaps a wildcard, stands for."""
        if not pattern.startswith("*"):
            return [self._by_host[pattern]] if pattern in self._by_host else []
        return [service for service in self.services if host_matches(pattern, service.host)]

    def services_met(self, pattern: str) -> list[Called]:
        """The same, and for a wildcard those whose own pattern covers it: where there is one, the name means it (Istio
        `separateVSHostsAndServices`)."""
        wider = [one for one in self._patterns if one.host != pattern and host_matches(one.host, pattern)]
        return [*self.services_covered(pattern), *(wider if pattern.startswith("*") else ())]

    @cached_property
    def _patterns(self) -> list[Called]:
        return [service for service in self.services if service.host.startswith("*")]

    @cached_property
    def _by_host(self) -> dict[str, Called]:
        return {service.host: service for service in self.services}

    def route_scope(self, port: int) -> RouteScope:
        return RouteScope(port=port, namespace=self.namespace, labels=self.labels)

    def destination_rule(self, service: Called) -> DestinationRule | None:
        """The one that holds for calls to a service."""
        return self.index.rules.rule(self.namespace, self.labels, service.host, service.namespace)

    def rule_at(self, host: str) -> DestinationRule | None:
        """The same by the host of a service that calls reach; None where they reach none."""
        service = self._reached.get(host)
        return self.destination_rule(service) if service else None

    def inbound_rule(self, host: str) -> DestinationRule | None:
        """The one for calls that come in at a service, if calls from here reach it; one for some workloads does not
        count (Istio `SidecarScope.DestinationRule`)."""
        service = self._reached.get(host)
        return self.index.rules.rule(self.namespace, {}, host, service.namespace) if service else None

    def called_at(self, host: str) -> Called | None:
        """What calls reach under a host, else what is exported to the namespace."""
        return self._reached.get(host) or self._exported.get(host)


def views(index: MeshIndex) -> dict[str, View]:
    """The view of every proxy by the name of its workload; equal ones are the same object."""
    asked = _label_names(index)
    tells_edges_apart = any(isinstance(one, AddedHost) and one.goes_on for one in index.called)
    unrestricted = _unrestricted(index)
    made: dict[tuple[object, ...], View] = {}
    found = {}
    for workload in index.topology.workloads:
        labels = {name: workload.labels[name] for name in asked if name in workload.labels}
        sidecar = index.sidecars.sidecar_of(workload)
        is_edge = workload.kind is WorkloadKind.GATEWAY
        at_edge = tells_edges_apart and is_edge
        stands_apart = is_edge and workload.namespace not in unrestricted
        key = (workload.namespace, at_edge, stands_apart, sidecar.source.policy if sidecar else None, *labels.items())
        if key not in made:
            made[key] = View(index, workload.namespace, labels, sidecar, at_edge=at_edge, stands_apart=stands_apart)
        found[workload.name] = made[key]
    return found


def _unrestricted(index: MeshIndex) -> set[str]:
    """Namespaces where a sidecar has no Sidecar policy: gateways there are told what it is told, if Istio made its
    configuration first (`doGetSidecarScope`)."""
    sidecars = (one for one in index.topology.workloads if one.kind is WorkloadKind.SIDECAR)
    return {one.namespace for one in sidecars if index.sidecars.sidecar_of(one) is None}


def _label_names(index: MeshIndex) -> list[str]:
    """Labels of callers that routes or destination rules ask for."""
    routes = {name for one in index.routings for match in one.matches for name in match.source_labels}
    rules = {name for one in index.policies.destination_rules if one.selector for name in one.selector.labels}
    return sorted(routes | rules)
