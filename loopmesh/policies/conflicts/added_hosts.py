"""Two of one host: ServiceEntries, or one and a service of the values file."""

from collections.abc import Iterator

from loopmesh.model.added_host import AddedHost
from loopmesh.model.application import Application, Protocol
from loopmesh.model.problem import Problem
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.conflicts.seen_together import are_seen_together


def added_hosts_of_one_name(added: list[AddedHost], application: Application) -> Iterator[Problem]:
    """Other namespaces may add the same host; within one, and beside a service, Istio would mix the two."""
    services = {service.host for service in application.services}
    first: dict[tuple[str, str], AddedHost] = {}
    for one in added:
        if one.host in services:
            yield policy_problem(
                one.source, f"host {one.host}", "a service of the values file has this host", "remove it"
            )
        earlier = first.setdefault((one.namespace, one.host), one)
        if earlier is not one:
            yield policy_problem(
                one.source, f"host {one.host}", f"{earlier.source} has this host already", "keep one of them"
            )
    yield from _protocols_of_one_port(added)


def _protocols_of_one_port(added: list[AddedHost]) -> Iterator[Problem]:
    """Of several namespaces, where callers see both."""
    first: dict[tuple[str, int], list[tuple[AddedHost, Protocol]]] = {}
    for one in added:
        for port in one.ports:
            others = first.setdefault((one.host, port.number), [])
            for other, protocol in others:
                if protocol is not port.protocol and are_seen_together(one, other):
                    rule = f"{other.source} says it speaks {protocol}, this one {port.protocol}"
                    message, value = Message.PROTOCOLS_OF_ONE_PORT, f"port {port.number} of {one.host}"
                    yield policy_problem(one.source, value, rule, "let both say the same", message=message)
                    break
            if all(other.visibility != one.visibility for other, _ in others):
                others.append((one, port.protocol))
