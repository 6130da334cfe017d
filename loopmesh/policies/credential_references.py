"""Certificates that Gateways and DestinationRules name must be there when a mesh runs."""

from collections.abc import Iterable, Iterator

from loopmesh.model.application import Application
from loopmesh.model.credential import AUTHORITY_SUFFIX, Credential
from loopmesh.model.destinations.client_tls import ClientTls
from loopmesh.model.edge import Gateway, Server
from loopmesh.model.policies import Policies
from loopmesh.model.problem import Problem
from loopmesh.model.traffic import DestinationRule


def check_credentials(
    policies: Policies, application: Application, credentials: Iterable[Credential], folder: str
) -> Iterator[Problem]:
    """A problem for each that is missing; `folder` is where it should be."""
    known = {(one.namespace, one.name): one for one in credentials}
    for gateway in policies.gateways:
        namespaces = {one.namespace for one in application.gateways if gateway.selects(one.labels)}
        for server in gateway.servers:
            for namespace in sorted(namespaces) if server.tls else ():
                yield from _missing(gateway, server, namespace, known, folder)
    for rule in policies.destination_rules:
        for tls in rule.every_tls:
            if tls.credential:
                yield from _missing_for_calls(rule, tls, known, folder)


def _missing_for_calls(
    rule: DestinationRule, tls: ClientTls, known: dict[tuple[str, str], Credential], folder: str
) -> Iterator[Problem]:
    namespace, name = rule.source.policy.namespace, tls.credential
    value = f"{rule.source.policy}: credentialName {name}"
    found = known.get((namespace, name))
    authorities = known.get((namespace, name + AUTHORITY_SUFFIX)) or found
    if tls.shows_certificate and (found is None or not found.chain):
        said, remedy = f"there is no certificate {namespace}/{name}", f"put the Secret's YAML into {folder}"
        yield Problem(origin=rule.source.origin, value=value, rule=said, remedy=remedy)
    if not tls.unverified and (authorities is None or not authorities.authorities):
        said = f"{namespace}/{name} does not say whom servers' certificates come from"
        yield Problem(origin=rule.source.origin, value=value, rule=said, remedy=f"add `ca.crt` to a Secret in {folder}")


def _missing(
    gateway: Gateway, server: Server, namespace: str, known: dict[tuple[str, str], Credential], folder: str
) -> Iterator[Problem]:
    tls = server.tls
    if tls is None or not tls.credentials:
        return
    for name in tls.credentials:
        if not (found := known.get((namespace, name))) or not found.chain:
            rule = f"there is no certificate {namespace}/{name}"
            yield _problem(gateway, server, name, rule, f"put the Secret's YAML into {folder}")
    first = tls.credentials[0]
    authorities = known.get((namespace, first + AUTHORITY_SUFFIX)) or known.get((namespace, first))
    if tls.mode.checks_clients and authorities and not authorities.authorities:
        rule = f"{authorities.namespace}/{authorities.name} does not say whom clients' certificates come from"
        yield _problem(gateway, server, first, rule, "add `ca.crt` to the Secret")


def _problem(gateway: Gateway, server: Server, name: str, rule: str, remedy: str) -> Problem:
    value = f"{gateway.source.policy}: credentialName {name}"
    return Problem(origin=server.source.origin, value=value, rule=rule, remedy=remedy)
