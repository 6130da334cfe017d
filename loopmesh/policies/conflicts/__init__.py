"""What policies say against each other, as Istio's own analysis sees it."""

from collections.abc import Iterator, Set

from loopmesh.model.application import Application
from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import Problem
from loopmesh.model.routing import MESH_GATEWAY
from loopmesh.policies.conflicts.added_hosts import added_hosts_of_one_name
from loopmesh.policies.conflicts.connections_of_one_address import connections_of_one_address
from loopmesh.policies.conflicts.destination_rules import rules_of_one_host
from loopmesh.policies.conflicts.mesh_hosts import routings_of_one_host
from loopmesh.policies.conflicts.peer_authentications import peers_of_one_level
from loopmesh.policies.conflicts.ports_of_every_address import ports_of_every_address
from loopmesh.policies.conflicts.servers import servers_of_one_port
from loopmesh.policies.conflicts.sidecars import sidecars_of_one_workload
from loopmesh.policies.conflicts.unreachable_routes import Locate, unreachable_routes


def check_conflicts(
    policies: Policies, application: Application, locate: Locate, *, broken: Set[PolicyName]
) -> Iterator[Problem]:
    """A problem for each policy that meets an earlier one; broken policies conflict with nothing."""
    yield from rules_of_one_host([one for one in policies.destination_rules if one.source.policy not in broken])
    routings = [one for one in policies.routings if one.source.policy not in broken]
    for routing in routings:
        yield from unreachable_routes(routing, locate)
    in_mesh = [one for one in routings if MESH_GATEWAY in one.gateways]
    yield from routings_of_one_host(in_mesh, application)
    sidecars = [one for one in policies.sidecars if one.source.policy not in broken]
    yield from sidecars_of_one_workload(sidecars, application)
    peers = [one for one in policies.peer_authentications if one.source.policy not in broken]
    yield from peers_of_one_level(peers, application)
    added = [one for one in policies.added_hosts if one.source.policy not in broken]
    yield from added_hosts_of_one_name(added, application)
    yield from ports_of_every_address(added, policies, application)
    yield from connections_of_one_address(added)
    gateways = [one for one in policies.gateways if one.source.policy not in broken]
    yield from servers_of_one_port(gateways, application.gateways)
