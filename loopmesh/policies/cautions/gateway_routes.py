"""Routes of a gateway to a whole service, whose own routes among subsets do not count there (Istio
`DestinationHostAnalyzer`)."""

from collections.abc import Iterator, Sequence

from loopmesh.model.problem import Problem
from loopmesh.model.routing import MESH_GATEWAY, Routing
from loopmesh.policies.analysis import Message, policy_problem


def routes_that_go_past_subsets(routings: Sequence[Routing]) -> Iterator[Problem]:
    """The first route in question of each VirtualService."""
    among_subsets: dict[str, Routing] = {}
    for routing in routings:
        for destination in (one for route in routing.routes for one in route.destinations):
            if destination.subset and destination.host in routing.hosts:
                among_subsets.setdefault(destination.host, routing)
    for routing in routings:
        if all(name == MESH_GATEWAY for name in routing.gateways):
            continue
        for destination in (one for route in routing.routes for one in route.destinations if not one.subset):
            other = among_subsets.get(destination.host)
            if other is not None and other is not routing:
                rule = f"the subsets of {other.source} have no effect on requests of a gateway"
                remedy, message = "name the subset here, too", Message.SUBSET_OF_OTHERS_AT_GATEWAY
                yield policy_problem(destination.source, f"host {destination.host}", rule, remedy, message=message)
                break
