"""What tokens requests may carry, and who vouches for them (Istio's RequestAuthentication)."""

import json
import re
from dataclasses import dataclass

from loopmesh.model.policy import Source, WorkloadSelector

KEY_NUMBERS = ("n", "e", "x", "y")
BASE64_URL = re.compile(r"[A-Za-z0-9_-]+={0,2}")
KEY_TYPES = ("RSA", "EC", "OKP", "oct")
NOBODYS_MODULUS = (
    "vYm-rqQyBejqWubm5Ohd2q_44BIyOopfqzWepD7uJRjXRSdhJSoNrI1SYKtcVihbKyyVM9SU68yfUrcdAG5XX5"
    "bt486dZHulqYTP6DZ3LR1L1ybxHrBiOWFJrdNZ0iJqXo1x42fP0gkLk-xeX8j5o5bRy3J2wK-_egTtbtVNLQW_"
    "ujXqYDs9-DyF9bwo_XGoO8qOP4NuR8hcHryCdiDU_mx83Gjf4fUiop4RzqXJOeqInIS0aM8lOxaM3FUGHFpTdO"
    "I0YKoBbo9RWpwsfw6Y0AJuqFGHPOvxZNIAJwiMCk6kVdhDa8E5e-r1ieMODwsR64UOIF_Kx6Vtf4eVZ_fNFQ"
)
NOBODYS_KEYS = json.dumps({"keys": [{"kty": "RSA", "e": "AQAB", "n": NOBODYS_MODULUS}]})
"""The public half of a key whose private half was never kept: while an issuer's keys are not there, no token is valid
(as Istio's JWKS resolver has it)."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class KeySource:
    """Where an issuer's public keys are fetched; without a `url` the issuer says where (OpenID Connect Discovery)."""

    issuer: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHeader:
    """A header that may hold a token after `prefix`."""

    name: str
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPlaces:
    """Where a token may stand; none said: after `Bearer ` in `authorization`, or in the parameter `access_token`."""

    headers: tuple[TokenHeader, ...] = ()
    parameters: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimHeader:
    """A header that tells the program a claim; nested ones are `realm.roles`."""

    name: str
    claim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOutput:
    """What the program gets of a checked token: the token itself, its payload in a header, single claims."""

    token: bool = False
    payload_header: str = ""
    claims: tuple[ClaimHeader, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRule:
    """One issuer's tokens. `keys` is its JSON Web Key Set; without one they come from `key_source`.

    No issuer takes any issuer, no audiences take any audience. Claims in `space_delimited` are lists in one text.
    """

    issuer: str = ""
    audiences: tuple[str, ...] = ()
    keys: str = ""
    timeout_ms: int = 5_000
    key_source: KeySource
    places: TokenPlaces = TokenPlaces()
    output: TokenOutput = TokenOutput()
    space_delimited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAuthentication:
    """A request without a token passes; one with a token that no rule takes is refused."""

    source: Source
    selector: WorkloadSelector
    rules: tuple[TokenRule, ...] = ()


def key_timeouts(policies: tuple[RequestAuthentication, ...]) -> dict[KeySource, int]:
    """Every place keys must be fetched from, with the milliseconds it may take."""
    return {rule.key_source: rule.timeout_ms for policy in policies for rule in policy.rules if not rule.keys}


def key_set_problem(text: str) -> str | None:
    """What a text lacks to be a JSON Web Key Set that can be used (RFC 7517 section 5)."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return "this is no JSON"
    keys = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(keys, list) or not keys:
        return "a key set has `keys`, a list of at least one key"
    if not all(isinstance(key, dict) and key.get("kty") in KEY_TYPES for key in keys):
        return f"a key has a `kty`, one of {', '.join(KEY_TYPES)}"
    if not all(_is_number(key[name]) for key in keys for name in KEY_NUMBERS if name in key):
        return f"the numbers of a key ({', '.join(KEY_NUMBERS)}) are base64url (RFC 7518)"
    return None


def _is_number(text: object) -> bool:
    """One character alone is no byte."""
    return isinstance(text, str) and BASE64_URL.fullmatch(text) is not None and len(text.rstrip("=")) % 4 != 1
