"""What policies name must exist: hosts, ports, subsets, gateways, workloads."""

import difflib
from collections.abc import Iterable, Iterator, Mapping

from loopmesh.model.application import Application
from loopmesh.model.policies import ROOT_NAMESPACE, Policies
from loopmesh.model.policy import Source, WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.model.routing import MESH_GATEWAY, Destination, Routing


def check_references(policies: Policies, application: Application) -> Iterator[Problem]:
    """A problem for each name that leads nowhere."""
    names = _Names(policies, application)
    for routing in policies.routings:
        yield from names.routing(routing)
    for rule in policies.destination_rules:
        yield from names.host(rule.source, rule.host)
        for subset in rule.subsets:
            labels = subset.labels.items()
            if not any(labels <= known.items() for known in names.labels_behind(rule.host)):
                yield _problem(
                    subset.source, f"subset {subset.name}", "no version has its labels", "use a version's labels"
                )
    for peers in policies.peer_authentications:
        yield from names.selector(peers.source, peers.selector)
    for authorization in policies.authorization_policies:
        yield from names.selector(authorization.source, authorization.selector)
    for extension in policies.gateway_filters:
        yield from names.selector(extension.source, extension.selector)
    for gateway in policies.gateways:
        if not any(gateway.selects(known.labels) for known in application.gateways):
            words = ", ".join(f"{name}: {value}" for name, value in gateway.labels.items())
            yield _problem(
                gateway.source,
                f"selector {words}",
                "no gateway of the values has these labels",
                "add it to `gateways`",
            )


class _Names:
    def __init__(self, policies: Policies, application: Application) -> None:
        self._application = application
        self._hosts = [service.host for service in application.services]
        self._gateways = {f"{one.source.policy.namespace}/{one.source.policy.name}" for one in policies.gateways}
        self._rules = policies.destination_rules

    def routing(self, routing: Routing) -> Iterator[Problem]:
        for gateway in routing.gateways:
            if gateway != MESH_GATEWAY and gateway not in self._gateways:
                yield _problem(
                    routing.source, f"gateway {gateway}", "there is no such Gateway", _closest(gateway, self._gateways)
                )
        if MESH_GATEWAY in routing.gateways:
            for host in routing.hosts:
                yield from self.host(routing.source, host)
        for route in routing.routes:
            for destination in route.destinations:
                yield from self.destination(destination)

    def host(self, source: Source, host: str) -> Iterator[Problem]:
        if not any(_covers(host, known) for known in self._hosts):
            yield _problem(source, f"host {host}", "no service has this host", _closest(host, self._hosts))

    def destination(self, destination: Destination) -> Iterator[Problem]:
        service = self._application.service_at(destination.host)
        if service is None:
            yield from self.host(destination.source, destination.host)
            return
        numbers = [port.number for port in service.ports]
        if destination.port is None and len(numbers) > 1:
            yield _problem(
                destination.source, f"host {destination.host}", "it has several ports", f"add `port`: one of {numbers}"
            )
        if destination.port is not None and destination.port not in numbers:
            yield _problem(
                destination.source, f"port {destination.port}", f"{destination.host} has no such port", f"use {numbers}"
            )
        yield from self._subset(destination)

    def _subset(self, destination: Destination) -> Iterator[Problem]:
        if destination.subset is None:
            return
        known = [subset.name for rule in self._rules if _covers(rule.host, destination.host) for subset in rule.subsets]
        if destination.subset not in known:
            rule = f"no DestinationRule for {destination.host} has this subset"
            yield _problem(
                destination.source, f"subset {destination.subset}", rule, _closest(destination.subset, known)
            )

    def labels_behind(self, host: str) -> list[Mapping[str, str]]:
        return [
            {"app": service.name, "version": version.name}
            for service in self._application.services
            if _covers(host, service.host)
            for version in service.versions
        ]

    def selector(self, source: Source, selector: WorkloadSelector) -> Iterator[Problem]:
        if not selector.labels:
            return
        workloads = [
            (service.namespace, {"app": service.name, "version": version.name})
            for service in self._application.services
            for version in service.versions
        ]
        gateways = [(gateway.namespace, gateway.labels) for gateway in self._application.gateways]
        everywhere = selector.namespace == ROOT_NAMESPACE
        for namespace, labels in (*workloads, *gateways):
            if (everywhere or namespace == selector.namespace) and selector.labels.items() <= labels.items():
                return
        words = ", ".join(f"{name}: {value}" for name, value in selector.labels.items())
        yield _problem(
            source,
            f"selector {words}",
            f"no workload of namespace {selector.namespace} has these labels",
            "use `app: <service>` or the labels of a gateway",
        )


def _covers(pattern: str, host: str) -> bool:
    return pattern == host or (pattern.startswith("*") and host.endswith(pattern[1:]))


def _closest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(names) or 'none'}"


def _problem(source: Source, value: str, rule: str, remedy: str) -> Problem:
    return Problem(origin=source.origin, value=f"{source.policy}: {value}", rule=rule, remedy=remedy)
