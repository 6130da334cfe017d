"""Ports of one service that a policy of its workloads tells apart. On Kubernetes nobody can: a program listens at one
port, the chart leads all ports of its service there, and its sidecar knows that port alone."""

import re
from collections.abc import Iterator

from loopmesh.model.application import Service
from loopmesh.model.authorization import Aspect, AuthorizationPolicy
from loopmesh.model.patch import Direction, ListenerMatch, Patch, RouteMatch
from loopmesh.model.policies import Policies
from loopmesh.model.policy import Source, WorkloadSelector
from loopmesh.model.problem import Origin, Problem, Severity
from loopmesh.model.security import PeerAuthentication
from loopmesh.policies.analysis import policy_problem
from loopmesh.policies.references.known import Known

INCOMING = (Direction.ANY, Direction.SIDECAR_INBOUND)
IN_A_NAME = re.compile(r"(?:0\.0\.0\.0_|inbound\|(?:http\|)?)([0-9]{1,5})(?:\|\|)?")
"""Istio's names of what takes the calls to a port: chain, route configuration and cluster, and virtual host."""
Ports = frozenset[int]
Named = tuple[Source, WorkloadSelector, Ports, Origin]
"""Ports of the selected workloads' services for which the same is said, and where."""


def program_port_problems(known: Known, policies: Policies) -> Iterator[Problem]:
    """A warning for each part of a policy that is for some ports of a service and not for the others."""
    several = [service for service in known.application.services if len(service.ports) > 1]
    for source, selector, named, origin in _named(known, policies):
        for service in several:
            apart = named & {port.number for port in service.ports}
            labels = map(service.labels_of, service.versions)
            if 0 < len(apart) < len(service.ports) and any(
                policies.settings.reaches(selector, service.namespace, one) for one in labels
            ):
                yield _problem(source, apart, service, origin)


def _named(known: Known, policies: Policies) -> Iterator[Named]:
    for policy in policies.authorization_policies:
        if policy.source.policy not in known.broken:
            yield from _of_authorization(policy)
    for peers in policies.peer_authentications:
        if peers.source.policy not in known.broken:
            yield from _of_peers(peers, known.place(peers.source, "portLevelMtls"))
    for patch in policies.patches:
        if patch.direction in INCOMING and patch.source.policy not in known.broken:
            yield patch.source, patch.selector, _of_patch(patch), patch.source.origin


def _of_authorization(policy: AuthorizationPolicy) -> Iterator[Named]:
    for rule in policy.rules:
        for condition in (one for several in (*rule.operations, rule.conditions) for one in several):
            if condition.aspect is Aspect.PORT:
                for numbers in (condition.values, condition.excluded):
                    yield rule.source, policy.selector, frozenset(map(int, numbers)), rule.source.origin


def _of_peers(peers: PeerAuthentication, origin: Origin) -> Iterator[Named]:
    for mode in sorted(set(peers.port_modes.values())):
        ports = frozenset(port for port, own in peers.port_modes.items() if own is mode)
        yield peers.source, peers.selector, ports, origin


def _of_patch(patch: Patch) -> Ports:
    match = patch.match
    names, ports = [match.name], {match.port}
    if isinstance(match, ListenerMatch):
        names.append(match.chain.name)
        ports.add(match.chain.destination_port)
    elif isinstance(match, RouteMatch):
        names.append(match.host_name)
    found = [IN_A_NAME.fullmatch(name) for name in names]
    return frozenset(ports | {int(one[1]) for one in found if one})


def _problem(source: Source, apart: Ports, service: Service, origin: Origin) -> Problem:
    port, numbers = service.program_port, ", ".join(map(str, sorted(apart)))
    meaning = "is for all of them" if port in apart else "means nothing"
    rule = (
        f"on Kubernetes all ports of {service.name} lead to {port}, where its program listens, so this {meaning} there"
    )
    remedy = "name all its ports or none, or make a service of each"
    value = f"{'ports' if len(apart) > 1 else 'port'} {numbers}"
    return policy_problem(source, value, rule, remedy, severity=Severity.WARNING, origin=origin)
