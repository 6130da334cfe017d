"""Who may call what (Istio's AuthorizationPolicy)."""

from dataclasses import dataclass
from enum import StrEnum

from loopmesh.model.policy import Source, WorkloadSelector


class Verdict(StrEnum):
    """What a policy says of calls that meet one of its rules. AUDIT marks them for the log and lets them pass, CUSTOM
    asks an authorizer, and denies what that denies."""

    CUSTOM = "CUSTOM"
    AUDIT = "AUDIT"
    DENY = "DENY"
    ALLOW = "ALLOW"


class Aspect(StrEnum):
    """What of a call a condition looks at.

    `peer` is who opened the connection, known by its certificate; `token` is the JSON Web Token of the request.
    """

    PEER_PRINCIPAL = "peer principal"
    PEER_SERVICE_ACCOUNT = "peer service account"
    PEER_TRUST_DOMAIN = "peer trust domain"
    PEER_NAMESPACE = "peer namespace"
    PEER_ADDRESS = "peer address"
    CLIENT_ADDRESS = "client address"
    """Where the request started, by the proxies that passed it on."""
    TOKEN_PRINCIPAL = "token principal"  # noqa: S105
    """`<issuer>/<subject>`."""
    TOKEN_AUDIENCE = "token audience"  # noqa: S105
    TOKEN_PRESENTER = "token presenter"  # noqa: S105
    TOKEN_CLAIM = "token claim"  # noqa: S105
    HEADER = "header"
    HOST = "host"
    METHOD = "method"
    PATH = "path"
    PORT = "port"
    ADDRESS = "address"
    SERVER_NAME = "server name"
    """What the caller asked for when TLS began."""
    FILTER_NOTE = "filter note"
    """What an earlier filter of the proxy noted under a key."""


REQUEST_ASPECTS = frozenset(
    {
        Aspect.TOKEN_PRINCIPAL,
        Aspect.TOKEN_AUDIENCE,
        Aspect.TOKEN_PRESENTER,
        Aspect.TOKEN_CLAIM,
        Aspect.HEADER,
        Aspect.HOST,
        Aspect.METHOD,
        Aspect.PATH,
    }
)
"""What only an HTTP request has; a TCP connection has none of them."""
PROVEN_ASPECTS = frozenset(
    {
        Aspect.PEER_PRINCIPAL,
        Aspect.PEER_SERVICE_ACCOUNT,
        Aspect.PEER_TRUST_DOMAIN,
        Aspect.PEER_NAMESPACE,
        Aspect.TOKEN_PRINCIPAL,
        Aspect.TOKEN_AUDIENCE,
        Aspect.TOKEN_PRESENTER,
        Aspect.TOKEN_CLAIM,
    }
)
"""Who somebody proved to be, which is asked after authorizers were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Holds when one of `values` is found (any will do if there are none) and none of `excluded` is.

    Values may start or end with `*`. `key` says which header, the path to a claim, or filter and key of a note.
    Service accounts are `<namespace>/<name>`, ports are decimal, addresses are single ones or ranges such as
    `10.0.0.0/8`. Paths may hold `{*}` for one segment and `{**}` for any number of them.
    """

    aspect: Aspect
    key: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


Conditions = tuple[Condition, ...]
"""All of them must hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRule:
    """Holds when one of the callers, one of the operations and every further condition hold; no callers or no
    operations mean any."""

    callers: tuple[Conditions, ...] = ()
    operations: tuple[Conditions, ...] = ()
    conditions: Conditions = ()
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationPolicy:
    """No rules: never matches, so an ALLOW policy without rules denies everything it selects.

    `authorizer` is the name of the provider a CUSTOM policy asks. With `is_dry_run` calls are judged by it, which is
    noted and stops nothing.
    """

    source: Source
    selector: WorkloadSelector
    verdict: Verdict
    authorizer: str = ""
    is_dry_run: bool = False
    rules: tuple[AuthorizationRule, ...] = ()
