"""Authorizers that policies name must be providers of the mesh config, and be there to be asked."""

from collections.abc import Iterable, Iterator, Set

from loopmesh.model.added_host import Called
from loopmesh.model.application import Application
from loopmesh.model.authorization import Verdict
from loopmesh.model.policies import Policies
from loopmesh.model.policy import PolicyName
from loopmesh.model.problem import Problem
from loopmesh.model.provider import Authorizer
from loopmesh.policies.references import Place


def check_authorizers(
    policies: Policies, application: Application, place: Place, *, broken: Set[PolicyName]
) -> Iterator[Problem]:
    """A problem for each that Istio would deny every call for."""
    authorizers = {one.name: one for one in policies.settings.providers.values() if isinstance(one, Authorizer)}
    for policy in policies.authorization_policies:
        if policy.verdict is not Verdict.CUSTOM or policy.source.policy in broken:
            continue
        if policy.authorizer not in authorizers:
            known = ", ".join(sorted(authorizers)) or "none"
            rule = "no extension provider of the mesh config is an authorizer of this name"
            value = f"{policy.source.policy}: provider {policy.authorizer}"
            remedy = f"known: {known}"
            yield Problem(origin=place(policy.source, "provider"), value=value, rule=rule, remedy=remedy)
    used = {policy.authorizer for policy in policies.authorization_policies}
    called: tuple[Called, ...] = (*application.services, *policies.added_hosts)
    for name in sorted(used & authorizers.keys()):
        yield from _unreachable(authorizers[name], called)


def _unreachable(authorizer: Authorizer, called: Iterable[Called]) -> Iterator[Problem]:
    """`namespace/host` is a service of that namespace (Istio `LookupCluster`)."""
    namespace, _, host = authorizer.service.rpartition("/")
    found = [one for one in called if one.host == host and namespace in ("", one.namespace)]
    ports = [port.number for one in found for port in one.ports]
    if authorizer.port not in ports:
        value = f"extension provider {authorizer.name}: {authorizer.service}:{authorizer.port}"
        rule = "the service has no such port" if found else "there is no such service"
        remedy = f"use {', '.join(map(str, ports))}" if found else "name a service of the values or of a ServiceEntry"
        yield Problem(origin=authorizer.origin, value=value, rule=rule, remedy=remedy)
