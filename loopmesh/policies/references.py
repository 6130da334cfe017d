"""What policies name must exist: hosts, ports, subsets, gateways, workloads."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from loopmesh.model.added_host import AddedHost, Called
from loopmesh.model.application import CLUSTER_DOMAIN, Application
from loopmesh.model.edge import Gateway
from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName, Source, WorkloadSelector
from loopmesh.model.problem import Origin, Problem
from loopmesh.model.routes.destination import Destination
from loopmesh.model.routing import MESH_GATEWAY, Routing
from loopmesh.model.security import PeerAuthentication
from loopmesh.model.traffic import DestinationRule, Subset
from loopmesh.policies.host_names import covers, overlap
from loopmesh.policies.sidecar_references import sidecar_problems

Place = Callable[[Source, str], Origin]
MOST_SHOWN = 10
"""Names a remedy lists."""
MOST_SUGGESTIONS = 200
"""Comparing names takes long in a large mesh, and nobody reads more."""


def check_references(
    policies: Policies, application: Application, place: Place, *, broken: Set[PolicyName], complete: bool
) -> Iterator[Problem]:
    """A problem for each name that leads nowhere; `place` tells where a policy names it.

    What a broken policy names is not looked up, and nothing is said to be missing that a broken policy, or a file that
    could not be read (`complete` is False), may hold.
    """
    names = _Names(policies, application, place, broken, complete)
    for routing in policies.routings:
        if routing.source.policy not in broken:
            yield from names.routing(routing)
    for rule in policies.destination_rules:
        if rule.source.policy not in broken:
            yield from names.rule(rule)
    selecting: list[tuple[Source, WorkloadSelector, str]] = [
        *((one.source, one.selector, "selector") for one in policies.peer_authentications),
        *((one.source, one.selector, "selector") for one in policies.request_authentications),
        *((one.source, one.selector, "selector") for one in policies.authorization_policies),
        *((one.source, one.selector, "selector") for one in policies.telemetries),
        *((one.source, one.selector, "workloadSelector") for one in policies.patches),
        *((one.source, one.selector, "workloadSelector") for one in policies.destination_rules if one.selector),
        *((one.source, one.selector, "workloadSelector") for one in policies.sidecars if one.selector),
        *((one.source, one.selector, "workloadSelector") for one in policies.added_hosts if one.selector),
    ]
    for source, selector, key in selecting:
        if source.policy not in broken:
            yield from names.selector(source, selector, place(source, key))
    for peers in policies.peer_authentications:
        if peers.source.policy not in broken:
            yield from names.peers(peers)
    for gateway in policies.gateways:
        if gateway.source.policy not in broken:
            yield from names.gateway(gateway)
    for sidecar in policies.sidecars:
        if sidecar.source.policy not in broken:
            yield from sidecar_problems(sidecar, policies, application, place)


class _Names:
    def __init__(
        self, policies: Policies, application: Application, place: Place, broken: Set[PolicyName], complete: bool
    ) -> None:
        self._application = application
        self._place = place
        self._broken = broken
        self._complete = complete
        self._suggestions = 0
        self._root_namespace = policies.settings.root_namespace
        self._namespaces = {*application.namespaces, self._root_namespace}
        self._services: dict[str, Called] = {one.host: one for one in policies.added_hosts}
        self._services |= {service.host: service for service in application.services}
        self._gateways = {one.name: one for one in policies.gateways}
        self._rules = _by_namespace_and_host(policies.destination_rules)
        self._rules_are_known = complete and not any(
            rule.source.policy in broken and not self._covered(rule.host) for rule in policies.destination_rules
        )
        self._labels = {
            service.host: [service.labels_of(version) for version in service.versions]
            for service in application.services
        }
        self._endpoint_labels = {one.host: [end.labels for end in one.endpoints] for one in policies.added_hosts}

    def routing(self, routing: Routing) -> Iterator[Problem]:
        for name in routing.gateways:
            if name != MESH_GATEWAY:
                yield from self._bound(routing, name)
        if MESH_GATEWAY in routing.gateways:
            for host in routing.hosts:
                if self._is_of_the_cluster(host):
                    yield from self._host(routing.source, host, self._place(routing.source, "hosts"))
        for route in routing.routes:
            for destination in (*route.destinations, *(mirror.destination for mirror in route.mirrors)):
                yield from self._destination(destination)

    def _bound(self, routing: Routing, name: str) -> Iterator[Problem]:
        """A routing that no server of the gateway lets in would never be used (analysis message IST0132).

        Bound to the mesh as well, one host for it and one for the gateway are enough.
        """
        origin = self._place(routing.source, "gateways")
        gateway = self._gateways.get(name)
        if gateway is None:
            if self._complete:
                rule = "there is no such Gateway"
                yield _problem(routing.source, f"gateway {name}", rule, self._closest(name, self._gateways), origin)
            return
        if gateway.source.policy in self._broken:
            return
        served = [host.rpartition("/")[2] for server in gateway.servers for host in server.hosts]
        unserved = [host for host in routing.hosts if not any(overlap(host, one) for one in served)]
        if MESH_GATEWAY not in routing.gateways or len(unserved) == len(routing.hosts):
            for host in unserved:
                rule = f"Gateway {name} serves {', '.join(served)}"
                remedy = "add the host to the Gateway, or use one of its"
                yield _problem(routing.source, f"host {host}", rule, remedy, self._place(routing.source, "hosts"))
        namespaces = {host.rpartition("/")[0] for server in gateway.servers for host in server.hosts}
        allowed = {"", "*", routing.source.policy.namespace}
        if routing.source.policy.namespace == gateway.source.policy.namespace:
            allowed.add(".")
        for namespace in sorted(namespaces - allowed):
            rule = f"Gateway {name} has hosts for namespace `{namespace}` only"
            yield _problem(routing.source, f"gateway {name}", rule, "bind it to a gateway open to this one", origin)

    def rule(self, rule: DestinationRule) -> Iterator[Problem]:
        yield from self._host(rule.source, rule.host, self._place(rule.source, "host"))
        namespace = rule.source.policy.namespace
        if namespace not in self._namespaces:
            text = "Istio looks for it in the namespaces of caller and service and in the root namespace"
            known = ", ".join(sorted(self._namespaces))
            yield _problem(rule.source, f"namespace {namespace}", text, f"move it to one of {known}")
        for subset in rule.subsets:
            yield from self._labels_of(subset, rule)
        yield from self._ports_of(rule)

    def _ports_of(self, rule: DestinationRule) -> Iterator[Problem]:
        """Settings for a port nobody has would never be used."""
        known = {port.number for host in self._covered(rule.host) for port in self._services[host].ports}
        said = {*rule.policy.ports, *(number for subset in rule.subsets for number in subset.policy.ports)}
        for number in sorted(said - known if known else ()):
            text = f"{rule.host} has no such port"
            yield _problem(rule.source, f"port {number}", text, f"use {', '.join(map(str, sorted(known)))}")

    def _labels_of(self, subset: Subset, rule: DestinationRule) -> Iterator[Problem]:
        covered = self._covered(rule.host)
        if any(isinstance(one := self._services[host], AddedHost) and one.selector for host in covered):
            return
        behind: list[Mapping[str, str]] = [labels for host in covered for labels in self._labels.get(host, ())]
        behind += [labels for host in covered for labels in self._endpoint_labels.get(host, ())]
        if behind and not any(subset.labels.items() <= labels.items() for labels in behind):
            known = ", ".join(sorted({labels.get("version", "none") for labels in behind}))
            text = f"no version of {rule.host} has its labels"
            yield _problem(subset.source, f"subset {subset.name}", text, f"use `version:` with one of {known}")

    def _covered(self, host: str) -> list[str]:
        if not host.startswith("*"):
            return [host] if host in self._services else []
        return [known for known in self._services if covers(host, known)]

    def _is_of_the_cluster(self, host: str) -> bool:
        """Other hosts, which need not exist, are reached through the ports of services; a service's short spelling is
        most surely meant to be the service, though Istio would not take it so."""
        suffix = f".svc.{CLUSTER_DOMAIN}"
        return host.endswith(suffix) or host.removesuffix(".svc") + suffix in self._services

    def _host(self, source: Source, host: str, origin: Origin) -> Iterator[Problem]:
        if not self._covered(host):
            remedy = self._closest(host, self._services)
            yield _problem(source, f"host {host}", "no service has this host", remedy, origin)

    def _destination(self, destination: Destination) -> Iterator[Problem]:
        service = self._services.get(destination.host)
        if service is None:
            yield from self._host(destination.source, destination.host, destination.source.origin)
            return
        numbers = ", ".join(str(port.number) for port in service.ports)
        if destination.port is None and len(service.ports) > 1:
            yield _problem(
                destination.source, f"host {destination.host}", "it has several ports", f"add `port`, one of {numbers}"
            )
        if destination.port is not None and destination.port not in [port.number for port in service.ports]:
            rule = f"{destination.host} has no such port"
            yield _problem(destination.source, f"port {destination.port}", rule, f"use {numbers}")
        if destination.subset is not None and self._rules_are_known:
            yield from self._subset(destination, destination.subset)

    def _subset(self, destination: Destination, name: str) -> Iterator[Problem]:
        """In each namespace only the rules for the most specific host count (Istio `MostSpecificHostMatch`)."""
        rules = [rule for rules in self._rules.values() for rule in _most_specific(rules, destination.host)]
        if any(rule.source.policy in self._broken for rule in rules):
            return
        known = {subset.name for rule in rules for subset in rule.subsets}
        if name not in known:
            text = f"no DestinationRule for {destination.host} has this subset"
            yield _problem(destination.source, f"subset {name}", text, self._closest(name, known))

    def _closest(self, name: str, known: Iterable[str]) -> str:
        names = sorted(known)
        self._suggestions += 1
        close = difflib.get_close_matches(name, names, n=1) if self._suggestions <= MOST_SUGGESTIONS else []
        shown = ", ".join(names[:MOST_SHOWN]) + (", …" if len(names) > MOST_SHOWN else "")
        return f"did you mean {close[0]}?" if close else f"known: {shown or 'none'}"

    def selector(self, source: Source, selector: WorkloadSelector, origin: Origin) -> Iterator[Problem]:
        """A policy of the root namespace selects in all namespaces."""
        words = ", ".join(f"{name}: {value}" for name, value in selector.labels.items())
        in_root = selector.namespace == self._root_namespace
        workloads = [
            (self._services[host].namespace, labels) for host, several in self._labels.items() for labels in several
        ]
        workloads += [(gateway.namespace, dict(gateway.labels)) for gateway in self._application.gateways]
        if any(selector.selects(selector.namespace if in_root else at, labels) for at, labels in workloads):
            return
        value = f"selector {words}" if words else f"namespace {selector.namespace}"
        rule = "no workload has these labels there" if words else "no workload is in this namespace"
        remedy = "use `app: <service>`, `version:`, or the labels of a gateway"
        yield _problem(source, value, rule, remedy, origin)

    def peers(self, policy: PeerAuthentication) -> Iterator[Problem]:
        root = self._root_namespace
        if policy.selector.labels and policy.selector.namespace == root:
            rule = f"Istio does not heed a selector in {root}"
            remedy = "remove it, or write the policy in the workload's namespace"
            yield _problem(policy.source, "selector", rule, remedy, self._place(policy.source, "selector"))

    def gateway(self, gateway: Gateway) -> Iterator[Problem]:
        if any(gateway.selects(known.labels) for known in self._application.gateways):
            return
        words = ", ".join(f"{name}: {value}" for name, value in gateway.labels.items())
        rule = "no gateway of the values has these labels"
        origin = self._place(gateway.source, "selector")
        yield _problem(gateway.source, f"selector {words}", rule, "add it to `gateways`", origin)


def _problem(source: Source, value: str, rule: str, remedy: str, origin: Origin | None = None) -> Problem:
    return Problem(origin=origin or source.origin, value=f"{source.policy}: {value}", rule=rule, remedy=remedy)


def _by_namespace_and_host(rules: Iterable[DestinationRule]) -> dict[str, dict[str, list[DestinationRule]]]:
    found: dict[str, dict[str, list[DestinationRule]]] = {}
    for rule in rules:
        found.setdefault(rule.source.policy.namespace, {}).setdefault(rule.host, []).append(rule)
    return found


def _most_specific(rules: dict[str, list[DestinationRule]], host: str) -> list[DestinationRule]:
    patterns = (host, *(f"*{host[start:]}" for start in range(len(host) + 1)))
    return next((rules[pattern] for pattern in patterns if pattern in rules), [])
