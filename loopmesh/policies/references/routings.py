"""What VirtualServices name: hosts of the mesh, Gateways, destinations."""

from collections.abc import Iterator

from loopmesh.model.edge import Gateway
from loopmesh.model.policy import Source
from loopmesh.model.problem import Origin, Problem
from loopmesh.model.routing import MESH_GATEWAY, Routing
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.host_names import overlap
from loopmesh.policies.references.destinations import Subsets, destination_problems
from loopmesh.policies.references.hosts import host_problems
from loopmesh.policies.references.known import Known


def routing_problems(known: Known, subsets: Subsets, routing: Routing) -> Iterator[Problem]:
    for name in routing.gateways:
        if name != MESH_GATEWAY:
            yield from _gateway(known, routing, name)
    if MESH_GATEWAY in routing.gateways:
        for host in filter(known.is_of_the_cluster, routing.hosts):
            yield from host_problems(known, routing.source, host, known.place(routing.source, "hosts"))
    for destination in routing.destinations:
        yield from destination_problems(known, subsets, destination)


def _gateway(known: Known, routing: Routing, name: str) -> Iterator[Problem]:
    gateway = known.gateways.get(name)
    if gateway is not None and gateway.source.policy not in known.broken:
        yield from _let_in(known, routing, gateway)
    elif gateway is None and known.complete:
        remedy = known.closest(name, known.gateways)
        origin = known.place(routing.source, "gateways")
        yield policy_problem(
            routing.source,
            f"gateway {name}",
            "there is no such Gateway",
            remedy,
            message=Message.NOT_FOUND,
            origin=origin,
        )


def _let_in(known: Known, routing: Routing, gateway: Gateway) -> Iterator[Problem]:
    """A routing that no server of the gateway lets in would never be used there."""
    served = [host.rpartition("/") for server in gateway.servers for host in server.hosts]
    meeting = [(namespace, name) for namespace, _, name in served if any(overlap(name, one) for one in routing.hosts)]
    own = routing.source.policy.namespace
    allowed = {"", "*", own} | ({"."} if own == gateway.source.policy.namespace else set())
    if any(namespace in allowed for namespace, _ in meeting):
        return
    if meeting:
        namespaces = ", ".join(sorted({f"`{namespace}`" for namespace, _ in meeting}))
        rule = f"Gateway {gateway.name} has its hosts for namespace {namespaces} only"
        origin = known.place(routing.source, "gateways")
        remedy = "bind it to a gateway open to this one"
        yield _kept_out(routing.source, f"gateway {gateway.name}", rule, remedy, origin)
    else:
        rule = f"Gateway {gateway.name} serves {', '.join(name for _, _, name in served)}"
        origin = known.place(routing.source, "hosts")
        remedy = "add a host to the Gateway, or use one of its"
        yield _kept_out(routing.source, f"hosts {', '.join(routing.hosts)}", rule, remedy, origin)


def _kept_out(source: Source, value: str, rule: str, remedy: str, origin: Origin) -> Problem:
    return policy_problem(source, value, rule, remedy, message=Message.HOST_NOT_IN_GATEWAY, origin=origin)
