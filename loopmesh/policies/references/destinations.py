"""Destinations of routes: services, their ports, their subsets."""

from collections.abc import Iterable, Iterator

from loopmesh.model.problem import Problem
from loopmesh.model.routes.destination import Destination
from loopmesh.model.traffic import DestinationRule
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.references.hosts import host_problems
from loopmesh.policies.references.known import Known


class Subsets:
    """The subsets of all DestinationRules. With a broken rule whose host is unknown none is said to be missing."""

    def __init__(self, known: Known, rules: Iterable[DestinationRule]) -> None:
        self._known = known
        self._rules: dict[str, dict[str, list[DestinationRule]]] = {}
        self._complete = known.complete
        for rule in rules:
            self._rules.setdefault(rule.source.policy.namespace, {}).setdefault(rule.host, []).append(rule)
            if rule.source.policy in known.broken and not known.covered(rule.host):
                self._complete = False

    def problems(self, destination: Destination, name: str) -> Iterator[Problem]:
        """In each namespace only the rules for the most specific host count (Istio `MostSpecificHostMatch`)."""
        rules = [rule for rules in self._rules.values() for rule in _most_specific(rules, destination.host)]
        if not self._complete or any(rule.source.policy in self._known.broken for rule in rules):
            return
        names = {subset.name for rule in rules for subset in rule.subsets}
        if name not in names:
            text = f"no DestinationRule for {destination.host} has this subset"
            remedy = self._known.closest(name, names)
            yield policy_problem(destination.source, f"subset {name}", text, remedy, message=Message.NOT_FOUND)


def destination_problems(known: Known, subsets: Subsets, destination: Destination) -> Iterator[Problem]:
    services = known.services.get(destination.host)
    if services is None:
        source = destination.source
        yield from host_problems(known, source, destination.host, source.origin, Message.NOT_FOUND)
        return
    there = dict.fromkeys(port.number for service in services for port in service.ports)
    numbers = ", ".join(map(str, there))
    if destination.port is None and any(len(service.ports) > 1 for service in services):
        remedy = f"add `port`, one of {numbers}"
        yield policy_problem(
            destination.source,
            f"host {destination.host}",
            "it has several ports",
            remedy,
            message=Message.PORT_REQUIRED,
        )
    if destination.port is not None and destination.port not in there:
        rule = f"{destination.host} has no such port"
        remedy, message = f"use {numbers}", Message.NOT_FOUND
        yield policy_problem(destination.source, f"port {destination.port}", rule, remedy, message=message)
    if destination.subset is not None:
        yield from subsets.problems(destination, destination.subset)


def _most_specific(rules: dict[str, list[DestinationRule]], host: str) -> list[DestinationRule]:
    patterns = (host, *(f"*{host[start:]}" for start in range(len(host) + 1)))
    return next((rules[pattern] for pattern in patterns if pattern in rules), [])
