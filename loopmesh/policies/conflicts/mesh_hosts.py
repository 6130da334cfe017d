"""Two VirtualServices of the mesh for one host."""

from collections.abc import Iterator

from loopmesh.model.application import Application
from loopmesh.model.problem import Problem
from loopmesh.model.routing import Routing
from loopmesh.policies.analysis import Message, policy_problem


def routings_of_one_host(routings: list[Routing], application: Application) -> Iterator[Problem]:
    """Sidecars that see both would use the first, never the second; a wildcard may stand beside a host."""
    first: dict[tuple[str, str], Routing] = {}
    for routing in routings:
        seen_in = [one for one in application.namespaces if _is_seen(routing, one)]
        for host in routing.hosts:
            earlier = next(
                (one for at in seen_in if (one := first.setdefault((at, host), routing)) is not routing), None
            )
            if earlier is not None:
                already, remedy = f"{earlier.source} is for this host already", "write both in one VirtualService"
                message = Message.SAME_HOST_IN_MESH
                yield policy_problem(routing.source, f"host {host}", already, remedy, message=message)


def _is_seen(routing: Routing, namespace: str) -> bool:
    return routing.visibility is None or routing.visibility.includes(namespace)
