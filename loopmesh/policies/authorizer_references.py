"""Authorizers that policies name must be providers of the mesh config, and be there to be asked."""

from collections.abc import Iterator, Set

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
    for name in sorted(used & authorizers.keys()):
        yield from _unreachable(authorizers[name], application)


def _unreachable(authorizer: Authorizer, application: Application) -> Iterator[Problem]:
    host = authorizer.service.rpartition("/")[2]
    service = application.service_at(host)
    ports = [port.number for port in service.ports] if service else []
    if authorizer.port not in ports:
        value = f"extension provider {authorizer.name}: {host}:{authorizer.port}"
        rule = "there is no such service" if service is None else "the service has no such port"
        remedy = "name a service of the values" if service is None else f"use {', '.join(map(str, ports))}"
        yield Problem(origin=authorizer.origin, value=value, rule=rule, remedy=remedy)
