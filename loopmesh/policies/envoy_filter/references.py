"""Matches that cannot mean here what they mean under Istio."""

from collections.abc import Iterator, Set

from loopmesh.model.application import Application
from loopmesh.model.patch import Direction, ListenerMatch, Patch
from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import Problem

OUTGOING = (Direction.ANY, Direction.SIDECAR_OUTBOUND)


def check_patches(policies: Policies, application: Application, *, broken: Set[PolicyName]) -> Iterator[Problem]:
    """A problem for each match on a port that many services' calls leave through together."""
    http_ports = {port.number for service in application.services for port in service.ports if port.protocol.is_http}
    for patch in policies.patches:
        match = patch.match
        is_outgoing = patch.direction in OUTGOING and patch.source.policy not in broken
        if is_outgoing and isinstance(match, ListenerMatch) and match.port in http_ports:
            yield _problem(patch, match.port)


def _problem(patch: Patch, port: int) -> Problem:
    rule = "a program's HTTP calls to all ports leave through one listener"
    remedy = "say context SIDECAR_INBOUND or GATEWAY, or patch a route or cluster of the port"
    value = f"{patch.source.policy}: listener portNumber {port}"
    return Problem(origin=patch.source.origin, value=value, rule=rule, remedy=remedy)
