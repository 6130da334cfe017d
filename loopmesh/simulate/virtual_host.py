"""The virtual host of a request (Envoy `RouteMatcher::findVirtualHost`)."""

from collections.abc import Iterable, Iterator

from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

EVERYBODY = "*"
REFUSING = "block_all"
"""What Istio calls the virtual host of names nobody has declared, where their calls are refused."""


def find_virtual_host(routes: RouteConfiguration, authority: str) -> tuple[VirtualHost, str] | None:
    """The host and the domain of it that matched: exact, else the longest `*suffix`, else the longest `prefix*`,
    else `*`. A wildcard stands for at least one character."""
    wanted = authority.lower()
    if routes.ignore_port_in_host_matching:
        wanted = without_port(wanted)
    domains = {domain.lower(): host for domain, host in _domains(routes.virtual_hosts)}
    for domain in _candidates(wanted, domains):
        return domains[domain], domain
    return None


def without_port(authority: str) -> str:
    name, colon, port = authority.rpartition(":")
    return name if colon and port.isdigit() else authority


def _domains(hosts: Iterable[VirtualHost]) -> Iterator[tuple[str, VirtualHost]]:
    for host in hosts:
        for domain in host.domains:
            yield domain, host


def _candidates(authority: str, domains: Iterable[str]) -> Iterator[str]:
    """Domains that match, the most specific first."""
    known = list(domains)
    if authority in known:
        yield authority
    wild = [domain for domain in known if domain != EVERYBODY]
    suffixes = [one for one in wild if one.startswith("*") and _longer(authority, one) and authority.endswith(one[1:])]
    prefixes = [one for one in wild if one.endswith("*") and _longer(authority, one) and authority.startswith(one[:-1])]
    yield from sorted(suffixes, key=len, reverse=True)
    yield from sorted(prefixes, key=len, reverse=True)
    if EVERYBODY in known:
        yield EVERYBODY


def _longer(authority: str, pattern: str) -> bool:
    return len(authority) > len(pattern) - 1
