"""Two of one host: ServiceEntries, or one and a service of the values file."""

from collections.abc import Iterator

from loopmesh.model.added_host import AddedHost
from loopmesh.model.application import Application
from loopmesh.model.problem import Problem
from loopmesh.policies.conflicts.problem import conflict


def added_hosts_of_one_name(added: list[AddedHost], application: Application) -> Iterator[Problem]:
    """Other namespaces may add the same host; within one, and beside a service, Istio would mix the two."""
    services = {service.host for service in application.services}
    first: dict[tuple[str, str], AddedHost] = {}
    for one in added:
        if one.host in services:
            yield conflict(one.source, f"host {one.host}", "a service of the values file has this host", "remove it")
        earlier = first.setdefault((one.namespace, one.host), one)
        if earlier is not one:
            yield conflict(
                one.source, f"host {one.host}", f"{earlier.source} has this host already", "keep one of them"
            )
