"""The conditions of an authorization rule: fields of a source or an operation, and items of `when`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from loopmesh.model.authorization import Aspect, Condition, Conditions
from loopmesh.policies.authorization_values import CHECKS, MOST_SERVICE_ACCOUNTS, meaning
from loopmesh.policies.fields import Fields

SOURCE_FIELDS = {
    "principals": Aspect.PEER_PRINCIPAL,
    "requestPrincipals": Aspect.TOKEN_PRINCIPAL,
    "serviceAccounts": Aspect.PEER_SERVICE_ACCOUNT,
    "trustDomains": Aspect.PEER_TRUST_DOMAIN,
    "namespaces": Aspect.PEER_NAMESPACE,
    "remoteIpBlocks": Aspect.CLIENT_ADDRESS,
    "ipBlocks": Aspect.PEER_ADDRESS,
}
OPERATION_FIELDS = {
    "hosts": Aspect.HOST,
    "methods": Aspect.METHOD,
    "paths": Aspect.PATH,
    "ports": Aspect.PORT,
}
WHEN_KEYS = {
    "source.ip": Aspect.PEER_ADDRESS,
    "remote.ip": Aspect.CLIENT_ADDRESS,
    "source.namespace": Aspect.PEER_NAMESPACE,
    "source.trustDomain": Aspect.PEER_TRUST_DOMAIN,
    "source.serviceAccount": Aspect.PEER_SERVICE_ACCOUNT,
    "source.principal": Aspect.PEER_PRINCIPAL,
    "request.auth.principal": Aspect.TOKEN_PRINCIPAL,
    "request.auth.audiences": Aspect.TOKEN_AUDIENCE,
    "request.auth.presenter": Aspect.TOKEN_PRESENTER,
    "destination.ip": Aspect.ADDRESS,
    "destination.port": Aspect.PORT,
    "connection.sni": Aspect.SERVER_NAME,
}
NAMED_KEYS = {
    "request.headers": Aspect.HEADER,
    "request.auth.claims": Aspect.TOKEN_CLAIM,
}
"""Keys that go on with a name in brackets."""
NOTE_KEY = "experimental.envoy.filters."
BRACKETED = re.compile(r"([^\[]+)\[(.+)\]", re.DOTALL)
GONE_KEYS = {
    "destination.namespace": "write the policy in that namespace",
    "destination.name": "select the workload by `selector`",
    "destination.user": "select the workload by `selector`",
}
"""Keys of an older API that Istio no longer takes."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """What the key of a `when` item names."""

    aspect: Aspect
    key: tuple[str, ...] = ()


def read_conditions(fields: Fields, aspects: Mapping[str, Aspect], namespace: str) -> Conditions:
    """A condition for each field that says something, in Istio's order; `notX` excludes what `x` would take."""
    conditions = [
        _condition(fields, Attribute(aspect), name, f"not{name[0].upper()}{name[1:]}", namespace)
        for name, aspect in aspects.items()
    ]
    return tuple(condition for condition in conditions if condition.values or condition.excluded)


def read_when(fields: Fields, namespace: str) -> Condition | None:
    """None for one that is refused."""
    key = fields.text("key", required=True)
    attribute = None if key is None else parse_key(key)
    if key is not None and attribute is None:
        remedy = GONE_KEYS.get(key, f"known: {', '.join((*WHEN_KEYS, *(f'{name}[…]' for name in NAMED_KEYS)))}")
        fields.refuse("key", "this is no attribute of a call", remedy)
    if attribute is None:
        fields.ignore("values", "notValues")
        return None
    condition = _condition(fields, attribute, "values", "notValues", namespace)
    if not condition.values and not condition.excluded:
        fields.refuse(None, "a condition has `values` or `notValues`", "add one of them")
    return condition


def parse_key(key: str) -> Attribute | None:
    """`request.headers[x]`, `request.auth.claims[a][b]`, `source.ip`; None for what Istio does not know."""
    if key in WHEN_KEYS:
        return Attribute(WHEN_KEYS[key])
    bracketed = BRACKETED.fullmatch(key)
    if bracketed is None:
        return None
    name, inside = bracketed.groups()
    if name in NAMED_KEYS:
        aspect = NAMED_KEYS[name]
        return Attribute(aspect, _claim_path(inside) if aspect is Aspect.TOKEN_CLAIM else (inside,))
    if name.startswith(NOTE_KEY):
        return Attribute(Aspect.FILTER_NOTE, (name.removeprefix("experimental."), inside))
    return None


def _claim_path(inside: str) -> tuple[str, ...]:
    """`a][b` is claim b of a; brackets that do not pair are part of the name (Istio `extractNameInNestedBrackets`)."""
    parts = tuple(inside.split("]["))
    return (inside,) if any(not part or "[" in part or "]" in part for part in parts) else parts


def _condition(fields: Fields, attribute: Attribute, wanted: str, unwanted: str, namespace: str) -> Condition:
    check = CHECKS[attribute.aspect]
    values, excluded = (
        tuple(meaning(attribute.aspect, value, namespace) for value in fields.texts(name, check))
        for name in (wanted, unwanted)
    )
    if attribute.aspect is Aspect.PEER_SERVICE_ACCOUNT and max(len(values), len(excluded)) > MOST_SERVICE_ACCOUNTS:
        key = wanted if len(values) > MOST_SERVICE_ACCOUNTS else unwanted
        fields.refuse(key, f"Istio takes {MOST_SERVICE_ACCOUNTS} service accounts at most", "use `principals`")
    return Condition(aspect=attribute.aspect, key=attribute.key, values=values, excluded=excluded)
