"""What policies name must exist: hosts, ports, subsets, gateways, workloads. One file for each kind of name."""

from collections.abc import Iterator, Set

from loopmesh.model.application import Application
from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import Problem
from loopmesh.policies.references.added_hosts import default_problems, target_problems
from loopmesh.policies.references.claims import claim_problems
from loopmesh.policies.references.destination_rules import rule_problems
from loopmesh.policies.references.destinations import Subsets, destination_problems
from loopmesh.policies.references.known import Known, Place
from loopmesh.policies.references.namespaces import namespace_problems
from loopmesh.policies.references.program_ports import program_port_problems
from loopmesh.policies.references.routings import routing_problems
from loopmesh.policies.references.selectors import gateway_problems, peer_problems, selector_problems, selectors
from loopmesh.policies.sidecar_references import sidecar_problems

__all__ = ["Place", "check_references"]


def check_references(
    policies: Policies, application: Application, place: Place, *, broken: Set[PolicyName], complete: bool
) -> Iterator[Problem]:
    """A problem for each name that leads nowhere; `place` tells where a policy names it.

    What a broken policy names is not looked up, and nothing is said to be missing that a broken policy, or a file that
    could not be read (`complete` is False), may hold.
    """
    known = Known(policies, application, place, broken, complete)
    subsets = Subsets(known, policies.destination_rules)
    for routing in policies.routings:
        if routing.source.policy not in broken:
            yield from routing_problems(known, subsets, routing)
            yield from claim_problems(known, policies, routing)
    for rule in policies.destination_rules:
        if rule.source.policy not in broken:
            yield from rule_problems(known, rule)
    for added in policies.added_hosts:
        if added.source.policy not in broken:
            yield from target_problems(known, added)
            yield from default_problems(policies.settings.traffic, added)
    for source, selector, key in selectors(policies):
        if source.policy not in broken:
            yield from selector_problems(known, source, selector, place(source, key))
    for peers in policies.peer_authentications:
        if peers.source.policy not in broken:
            yield from peer_problems(known, peers)
    for policy in policies.authorization_policies:
        if policy.source.policy not in broken:
            yield from namespace_problems(known, policy)
    yield from program_port_problems(known, policies)
    for gateway in policies.gateways:
        if gateway.source.policy not in broken:
            yield from gateway_problems(known, gateway)
    for sidecar in policies.sidecars:
        if sidecar.source.policy not in broken:
            yield from sidecar_problems(sidecar, policies, application, place)
            if sidecar.outbound is not None and sidecar.outbound.proxy is not None:
                yield from destination_problems(known, subsets, sidecar.outbound.proxy)
