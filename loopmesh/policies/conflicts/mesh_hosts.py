"""Two VirtualServices of the mesh for one host."""

from collections.abc import Iterator

from loopmesh.model.problem import Problem
from loopmesh.model.routing import Routing
from loopmesh.policies.conflicts.problem import conflict


def routings_of_one_host(routings: list[Routing]) -> Iterator[Problem]:
    """Sidecars would use the first, never the second (analysis message IST0109); a wildcard may stand beside a host."""
    first: dict[str, Routing] = {}
    for routing in routings:
        for host in routing.hosts:
            earlier = first.setdefault(host, routing)
            if earlier is not routing:
                already = f"{earlier.source} is for this host already"
                yield conflict(routing.source, f"host {host}", already, "write both in one VirtualService")
