"""How the values of an authorization policy are written, by aspect; what Istio would misread is refused."""

import ipaddress
import re
from collections.abc import Mapping

from loopmesh.model.authorization import Aspect
from loopmesh.policies.fields import Check
from loopmesh.policies.host_names import port_number

ONE_SEGMENT = "{*}"
ANY_SEGMENTS = "{**}"
LITERAL_SEGMENT = re.compile(r"[a-zA-Z0-9\-._~%!$&'()+,;:@=]+")
"""Istio `IsValidLiteral`: what a segment beside a template may be made of."""
LONGEST_SERVICE_ACCOUNT = 320
MOST_SERVICE_ACCOUNTS = 16
PREFIX_LENGTH = re.compile(r"0|[1-9]\d{0,2}")


def check_pattern(value: str) -> tuple[str, str] | None:
    """Istio knows the exact value, `x*`, `*x` and `*`."""
    if "*" in value[1:-1] or (value[0] == value[-1] == "*" and len(value) > 1):
        return "`*` stands at the start or the end, once", "write one value per form"
    return None


def _check_principal(value: str) -> tuple[str, str] | None:
    if value.startswith("spiffe:"):
        return "a principal is written without `spiffe://`, else it never holds", "write cluster.local/ns/…/sa/…"
    return check_pattern(value)


def _check_namespace(value: str) -> tuple[str, str] | None:
    """`*` may stand anywhere in a namespace (Istio makes a regular expression of it)."""
    return ("a namespace has no `/`", "write the namespace alone") if "/" in value else None


def _check_trust_domain(value: str) -> tuple[str, str] | None:
    return ("a trust domain has no `/`", "write its name alone") if "/" in value else check_pattern(value)


def _check_service_account(value: str) -> tuple[str, str] | None:
    """Istio `CheckServiceAccount`."""
    if "*" in value:
        return "a service account is written in full", "write each account, or use `principals`"
    if len(value) > LONGEST_SERVICE_ACCOUNT or not re.fullmatch(r"[^/]+(/[^/]+)?", value):
        return "this is `account` or `namespace/account`", "write it so"
    return None


def _check_address(value: str) -> tuple[str, str] | None:
    """A single address or a range, as Go reads them (Istio `ValidateIPs`)."""
    address, slash, length = value.partition("/")
    try:
        if "%" in value or (slash and not PREFIX_LENGTH.fullmatch(length)):
            raise ValueError(value)
        ipaddress.ip_address(address)
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return "this is no address and no range of addresses", "write one such as 10.1.2.3 or 10.0.0.0/8"
    return None


def _check_path(value: str) -> tuple[str, str] | None:
    """A pattern, or a template (Istio `CheckValidPathTemplate`); Envoy takes a template only after `/`."""
    segments = value.strip("/").split("/")
    templates = [segment for segment in segments if segment in (ONE_SEGMENT, ANY_SEGMENTS)]
    literals = [segment for segment in segments if segment not in (ONE_SEGMENT, ANY_SEGMENTS)]
    if any("{" in segment or "}" in segment for segment in literals):
        return f"`{ONE_SEGMENT}` and `{ANY_SEGMENTS}` are whole segments, and no other braces mean anything", "write so"
    if not templates:
        return check_pattern(value)
    if ANY_SEGMENTS in templates[:-1]:
        return f"`{ANY_SEGMENTS}` is the last template of a path", "write one path per form"
    if not value.startswith("/") or not all(LITERAL_SEGMENT.fullmatch(segment) for segment in literals):
        return "a template starts with `/`, and its other segments are characters of a path", "write so, without `*`"
    return None


def _check_port(value: str) -> tuple[str, str] | None:
    return None if port_number(value) else ("this is no port number", "write a number from 1 to 65535 in quotes")


def _check_note(value: str) -> tuple[str, str] | None:
    """`[v]` asks whether a list holds `v`."""
    return check_pattern(value.strip("[]") or "*")


CHECKS: Mapping[Aspect, Check] = {
    **dict.fromkeys(Aspect, check_pattern),
    Aspect.PEER_PRINCIPAL: _check_principal,
    Aspect.PEER_NAMESPACE: _check_namespace,
    Aspect.PEER_TRUST_DOMAIN: _check_trust_domain,
    Aspect.PEER_SERVICE_ACCOUNT: _check_service_account,
    Aspect.PEER_ADDRESS: _check_address,
    Aspect.CLIENT_ADDRESS: _check_address,
    Aspect.ADDRESS: _check_address,
    Aspect.PATH: _check_path,
    Aspect.PORT: _check_port,
    Aspect.FILTER_NOTE: _check_note,
}


def meaning(aspect: Aspect, value: str, namespace: str) -> str:
    """A checked value in the words of the model; `namespace` is the policy's own."""
    if aspect is Aspect.PORT:
        return str(port_number(value) or value)
    if aspect is Aspect.PEER_SERVICE_ACCOUNT and "/" not in value:
        return f"{namespace}/{value}"
    return value
