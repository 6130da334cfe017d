"""Certificates that Gateways name must be there when a mesh runs."""

from collections.abc import Iterable, Iterator

from loopmesh.model.application import Application
from loopmesh.model.credential import AUTHORITY_SUFFIX, Credential
from loopmesh.model.edge import Gateway, Server
from loopmesh.model.policies import Policies
from loopmesh.model.problem import Problem


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
