"""Who calls: conditions on the peer, on the token of a request and on its headers, as Envoy's RBAC principals."""

from collections.abc import Callable, Sequence

from envoy.config.rbac.v3.rbac_pb2 import Principal
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from loopmesh.compile.address_range import address_range
from loopmesh.compile.noted import claim_text, claim_values
from loopmesh.compile.text_pattern import header_matcher, quote, regex_matcher, text_matcher
from loopmesh.model.authorization import Aspect, Condition, Conditions

SPIFFE = "spiffe://"
Key = tuple[str, ...]
Make = Callable[[Key, Sequence[str]], Principal]
"""A principal for any of the values."""


def principal(conditions: Conditions) -> Principal:
    """All conditions; no conditions are met by everyone."""
    parts = [part for condition in conditions for part in _parts(condition)]
    return Principal(and_ids=Principal.Set(ids=parts or [Principal(any=True)]))


def _parts(condition: Condition) -> list[Principal]:
    make = MAKERS[condition.aspect]
    parts = [make(condition.key, condition.values)] if condition.values else []
    return parts + ([Principal(not_id=make(condition.key, condition.excluded))] if condition.excluded else [])


def _each(make: Callable[[str], Principal]) -> Make:
    return lambda _, values: Principal(or_ids=Principal.Set(ids=map(make, values)))


def _authenticated(matcher: StringMatcher) -> Principal:
    return Principal(authenticated=Principal.Authenticated(principal_name=matcher))


def _identity(value: str) -> Principal:
    return _authenticated(text_matcher(value, before=SPIFFE))


def _service_account(value: str) -> Principal:
    """An identity may hold more pairs of names between and after the two (Istio `serviceAccountRegex`)."""
    namespace, _, account = map(quote, value.partition("/"))
    return _authenticated(regex_matcher(f"{SPIFFE}.+/ns/{namespace}/(.+/|)sa/{account}(/.+)?"))


def _trust_domain(value: str) -> Principal:
    if value == "*":
        return _authenticated(StringMatcher(prefix=SPIFFE))
    if "*" not in value:
        return _authenticated(StringMatcher(prefix=f"{SPIFFE}{value}/"))
    domain = "[^/]*".join(map(quote, value.split("*")))
    return _authenticated(regex_matcher(f"{SPIFFE}{domain}/.*"))


def _namespace(value: str) -> Principal:
    words = ".*".join(map(quote, value.split("*")))
    return _authenticated(regex_matcher(f".*/ns/{words}/.*"))


def _peer_address(value: str) -> Principal:
    return Principal(direct_remote_ip=address_range(value))


def _client_address(value: str) -> Principal:
    return Principal(remote_ip=address_range(value))


def _headers(key: Key, values: Sequence[str]) -> Principal:
    return Principal(or_ids=Principal.Set(ids=[Principal(header=header_matcher(key[0], value)) for value in values]))


def _token_principals(_: Key, values: Sequence[str]) -> Principal:
    found = list(map(_token_principal, values))
    return found[0] if len(found) == 1 else Principal(or_ids=Principal.Set(ids=found))


def _token_principal(value: str) -> Principal:
    """Issuer and subject are cut at the last `/`, for an issuer is often a URL."""
    issuer, subject = _issuer_and_subject(value)
    both = [Principal(metadata=claim_text("iss", issuer)), Principal(metadata=claim_text("sub", subject))]
    return Principal(and_ids=Principal.Set(ids=both))


def _issuer_and_subject(value: str) -> tuple[StringMatcher, StringMatcher]:
    """Without a `/` a pattern is about the issuer if it ends with `*`, about the subject if it starts with it."""
    anything = text_matcher("*")
    if "/" in value:
        issuer, _, subject = value.rpartition("/")
        return text_matcher(issuer), text_matcher(subject)
    if value == "*":
        return anything, anything
    if value.startswith("*"):
        return anything, text_matcher(value)
    return text_matcher(value), anything if value.endswith("*") else StringMatcher(exact="")


MAKERS: dict[Aspect, Make] = {
    Aspect.PEER_PRINCIPAL: _each(_identity),
    Aspect.PEER_SERVICE_ACCOUNT: _each(_service_account),
    Aspect.PEER_TRUST_DOMAIN: _each(_trust_domain),
    Aspect.PEER_NAMESPACE: _each(_namespace),
    Aspect.PEER_ADDRESS: _each(_peer_address),
    Aspect.CLIENT_ADDRESS: _each(_client_address),
    Aspect.TOKEN_PRINCIPAL: _token_principals,
    Aspect.TOKEN_AUDIENCE: lambda _, values: Principal(metadata=claim_values(["aud"], values)),
    Aspect.TOKEN_PRESENTER: lambda _, values: Principal(metadata=claim_values(["azp"], values)),
    Aspect.TOKEN_CLAIM: lambda key, values: Principal(metadata=claim_values(key, values)),
    Aspect.HEADER: _headers,
}
