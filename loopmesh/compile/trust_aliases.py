"""Other names of the mesh's trust domain in authorization rules (Istio `Bundle.ReplaceTrustDomainAliases`)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from loopmesh.model.authorization import Aspect, AuthorizationPolicy, AuthorizationRule, Conditions
from loopmesh.model.identity import TRUST_DOMAIN

SPIFFE = "spiffe://"
PARTS = 5
"""Of `cluster.local/ns/shop/sa/orders`."""


def with_aliases(policy: AuthorizationPolicy, domains: Sequence[str]) -> AuthorizationPolicy:
    """A policy that speaks of one of the domains speaks of all of them; `cluster.local` stands for them, too."""
    if domains == (TRUST_DOMAIN,):
        return policy
    return replace(policy, rules=tuple(_rule(rule, domains) for rule in policy.rules))


def in_every_domain(names: Iterable[str], domains: Sequence[str]) -> tuple[str, ...]:
    """The mesh's own identities in each of the domains; other names stay (Istio `ExpandWithTrustDomains`)."""
    found = [
        name.replace(own, f"{SPIFFE}{domain}/", 1)
        for name in names
        for own in (f"{SPIFFE}{TRUST_DOMAIN}/",)
        for domain in (domains if name.startswith(own) else (TRUST_DOMAIN,))
    ]
    return tuple(sorted(set(found)))


def _rule(rule: AuthorizationRule, domains: Sequence[str]) -> AuthorizationRule:
    callers = tuple(_conditions(caller, domains) for caller in rule.callers)
    return replace(rule, callers=callers, conditions=_conditions(rule.conditions, domains))


def _conditions(conditions: Conditions, domains: Sequence[str]) -> Conditions:
    expand = {Aspect.PEER_PRINCIPAL: _principals, Aspect.PEER_TRUST_DOMAIN: _trust_domains}
    return tuple(
        replace(one, values=change(one.values, domains), excluded=change(one.excluded, domains))
        if (change := expand.get(one.aspect))
        else one
        for one in conditions
    )


def _trust_domains(values: Iterable[str], domains: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for value in values for name in (domains if value in domains else (value,))))


def _principals(values: Iterable[str], domains: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for value in values for name in _principal(value, domains)))


def _principal(value: str, domains: Sequence[str]) -> list[str]:
    """A pattern for the domain stays as it is for the domains it meets."""
    own, slash, rest = value.partition("/")
    is_ours = own == TRUST_DOMAIN or any(_meets(own, domain) for domain in domains)
    if value.count("/") + 1 != PARTS or own == "*" or not is_ours:
        return [value]
    return [value if own.startswith("*") and domain.endswith(own[1:]) else domain + slash + rest for domain in domains]


def _meets(pattern: str, domain: str) -> bool:
    if pattern.startswith("*"):
        return domain.endswith(pattern[1:])
    return domain.startswith(pattern[:-1]) if pattern.endswith("*") else domain == pattern
