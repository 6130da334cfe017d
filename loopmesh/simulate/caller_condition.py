"""Conditions on who calls, from an RBAC principal back to Istio's `from` and `when`."""

import re
from collections.abc import Iterator

from envoy.config.rbac.v3.rbac_pb2 import Principal
from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from loopmesh.simulate.condition import Condition, Kind
from loopmesh.simulate.dynamic_metadata import said_by
from loopmesh.simulate.istio_pattern import header_pattern, pattern, range_words, regex_pattern, value_patterns
from loopmesh.simulate.principal import is_meant
from loopmesh.simulate.stream import Connection, Stream
from loopmesh.simulate.token import FILTER as TOKEN_FILTER

SPIFFE = "spiffe://"
NAMESPACE = re.compile(r"\.\*/ns/(.*)/\.\*")
ACCOUNT = re.compile(r"spiffe://\.\+/ns/(.*)/\(\.\+/\|\)sa/(.*)\(/\.\+\)\?")
TRUST_DOMAIN = re.compile(r"spiffe://(.*)/\.\*")
WHOLE_DOMAIN = re.compile(r"spiffe://[^/]+/")
IDENTITY = re.compile(r"spiffe://([^/]*)/ns/([^/]*)/sa/(.*)")
WHEN = {
    "principals": "source.principal",
    "serviceAccounts": "source.serviceAccount",
    "trustDomains": "source.trustDomain",
    "namespaces": "source.namespace",
    "remoteIpBlocks": "remote.ip",
    "ipBlocks": "source.ip",
    "requestPrincipals": "request.auth.principal",
}
"""Keys of `when` that ask the same as a field of a source."""
CLAIM_KEYS = {("aud",): "request.auth.audiences", ("azp",): "request.auth.presenter"}


def caller_condition(number: int, part: Principal, stream: Stream) -> Condition:
    """`part` is one that does not hold, of the `number`th `from`."""
    excludes = part.HasField("not_id")
    inside = part.not_id if excludes else part
    values = [*inside.or_ids.ids] or [inside]
    if excludes:
        values = [one for one in values if is_meant(one, stream)]
    kind, names = _names(values[0])
    return Condition(
        kind=kind,
        fields=tuple(_fields(number, names, excludes=excludes)),
        excludes=excludes,
        asked=tuple(said for one in values for said in _asked(one)),
        has=_has(values[0], names, stream),
    )


def _fields(number: int, names: tuple[str, ...], *, excludes: bool) -> Iterator[str]:
    sources = [name for name in names if name in WHEN]
    for name in sources:
        field = f"not{name[0].upper()}{name[1:]}" if excludes else name
        yield f"from[{number}].source.{field}"
    yield from (f"when {WHEN.get(name, name)}" for name in names)


def _names(value: Principal) -> tuple[Kind, tuple[str, ...]]:
    """Fields of a source, or keys of a `when`, that become such a principal."""
    match value.WhichOneof("identifier"):
        case "authenticated":
            return Kind.IDENTITY, _identity_names(value.authenticated.principal_name)
        case "filter_state":
            return Kind.IDENTITY, _identity_names(value.filter_state.string_match)
        case "header":
            return Kind.HEADER, (f"request.headers[{value.header.name}]",)
        case "and_ids":
            return Kind.TOKEN, ("requestPrincipals",)
        case "metadata" if value.metadata.filter == TOKEN_FILTER:
            path = _claim(value.metadata)
            claims = f"request.auth.claims[{']['.join(path)}]"
            return Kind.TOKEN, (CLAIM_KEYS[path], claims) if path in CLAIM_KEYS else (claims,)
        case "remote_ip":
            return Kind.ADDRESS, ("remoteIpBlocks",)
        case "direct_remote_ip":
            return Kind.ADDRESS, ("ipBlocks",)
        case _:
            return Kind.OTHER, ()


def _identity_names(matcher: StringMatcher) -> tuple[str, ...]:
    regex = matcher.safe_regex.regex
    if NAMESPACE.fullmatch(regex):
        return ("namespaces",)
    if ACCOUNT.fullmatch(regex):
        return ("serviceAccounts",)
    if TRUST_DOMAIN.fullmatch(regex) or matcher.prefix == SPIFFE:
        return ("trustDomains",)
    if WHOLE_DOMAIN.fullmatch(matcher.prefix):
        return "principals", "trustDomains"
    return ("principals",)


def _asked(value: Principal) -> tuple[str, ...]:
    match value.WhichOneof("identifier"):
        case "authenticated":
            return (_identity(value.authenticated.principal_name),)
        case "filter_state":
            return (_identity(value.filter_state.string_match),)
        case "header":
            return (header_pattern(value.header),)
        case "and_ids":
            said = [value_patterns(one.metadata.value) for one in value.and_ids.ids]
            return ("/".join(one for each in said for one in each),)
        case "metadata":
            return value_patterns(value.metadata.value)
        case "remote_ip" | "direct_remote_ip" as kind:
            return (range_words(getattr(value, kind)),)
        case _:
            return ()


def _identity(matcher: StringMatcher) -> str:
    regex = matcher.safe_regex.regex
    if found := NAMESPACE.fullmatch(regex):
        return regex_pattern(found.group(1))
    if found := ACCOUNT.fullmatch(regex):
        return "/".join(map(regex_pattern, found.groups()))
    if found := TRUST_DOMAIN.fullmatch(regex):
        return regex_pattern(found.group(1).replace("[^/]*", ".*"))
    return pattern(matcher, before=SPIFFE)


def _has(value: Principal, names: tuple[str, ...], stream: Stream) -> str:
    connection = stream.connection
    match value.WhichOneof("identifier"):
        case "authenticated" | "filter_state":
            return _part_of_identity(names[0], connection)
        case "header":
            return stream.request.header(value.header.name) or ""
        case "and_ids":
            said = [said_by(one.metadata, stream.metadata) for one in value.and_ids.ids]
            return "/".join(map(str, said)) if all(said) else ""
        case "metadata":
            return _claim_words(said_by(value.metadata, stream.metadata))
        case "remote_ip":
            return connection.client_ip
        case "direct_remote_ip":
            return connection.remote_ip
        case _:
            return ""


def _part_of_identity(name: str, connection: Connection) -> str:
    found = IDENTITY.fullmatch(connection.peer)
    if found is None:
        return connection.peer.removeprefix(SPIFFE)
    domain, namespace, account = found.groups()
    parts = {"namespaces": namespace, "serviceAccounts": f"{namespace}/{account}", "trustDomains": domain}
    return parts.get(name, connection.peer.removeprefix(SPIFFE))


def _claim(matcher: MetadataMatcher) -> tuple[str, ...]:
    """Without the name under which the filter keeps all claims."""
    return tuple(segment.key for segment in matcher.path)[1:]


def _claim_words(said: object) -> str:
    return ", ".join(map(str, said)) if isinstance(said, list) else "" if said is None else str(said)
