"""Names of hosts and ports as policies write them."""

import re
from collections.abc import Iterator, Sequence

from loopmesh.model.application import CLUSTER_DOMAIN

LABEL = r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?"
HOST = re.compile(rf"(?:\*|(?:\*-?)?{LABEL})(?:\.{LABEL})*\.?")
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
DNS_LABEL = re.compile(LABEL)
LONGEST_HOST = 255
LONGEST_LABEL = 63
MOST_PORT = 65535


def qualify_host(host: str, namespace: str) -> str:
    """A name without a dot is a service of the namespace (Istio `ResolveShortnameToFQDN`); others stay."""
    return host if "." in host or host.startswith("*") else f"{host}.{namespace}.svc.{CLUSTER_DOMAIN}"


def covers(pattern: str, host: str) -> bool:
    """`*` stands for everything before the rest of the pattern (Istio `host.Name.SubsetOf`)."""
    return pattern == host or (pattern.startswith("*") and host.endswith(pattern[1:]))


def overlap(one: str, other: str) -> bool:
    """Some host is covered by both."""
    return covers(one, other) or covers(other, one)


def overlapping(hosts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs (earlier, later) of places in `hosts` that overlap, one for each host that meets another.

    Takes time in proportion to the text, however many hosts there are.
    """
    first: dict[str, int] = {}
    for place, host in enumerate(hosts):
        first.setdefault(host, place)
    for place, host in enumerate(hosts):
        met = next((first[other] for other in _covering(host) if first.get(other, place) != place), None)
        if met is not None:
            yield min(met, place), max(met, place)


def _covering(host: str) -> Iterator[str]:
    """Every host or pattern that would cover the host."""
    yield host
    bare = host.removeprefix("*")
    for start in range(1 if host.startswith("*") else 0, len(bare) + 1):
        yield f"*{bare[start:]}"


def check_host(host: str) -> tuple[str, str] | None:
    """A DNS name whose first label may be or begin with `*` (Istio `ValidateWildcardDomain`)."""
    if HOST.fullmatch(host) and len(host) <= LONGEST_HOST:
        return None
    return "a host is a DNS name, perhaps with `*` as its first label", "write the name alone, without port or path"


def check_case(host: str) -> tuple[str, str] | None:
    """Istio's proxies spell some names of a host in lower case and compare them with others as they are written."""
    lower = host.lower()
    return None if host == lower else ("Istio looks for a host in lower case", f"write `{lower}`")


def check_label(name: str) -> tuple[str, str] | None:
    """A single DNS label (Istio `IsDNS1123Label`)."""
    if DNS_LABEL.fullmatch(name) and len(name) <= LONGEST_LABEL:
        return None
    return f"a name is letters, digits and `-`, at most {LONGEST_LABEL}", "rename it"


def check_name(name: str) -> tuple[str, str] | None:
    """As Kubernetes names resources (RFC 1123 subdomain)."""
    return (
        None
        if NAME.fullmatch(name)
        else ("a name is lower-case letters, digits, `-` and `.`, at most 253", "rename it")
    )


def port_number(text: str) -> int | None:
    """The port a text names, if it does."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_PORT))
    return int(text) if is_number and 1 <= int(text) <= MOST_PORT else None
