"""Why a call fails for its token: one that is refused, or one that a rule asks for."""

from collections.abc import Sequence

from loopmesh.cli.explain.advice import Advice, Name
from loopmesh.simulate.check import Check
from loopmesh.simulate.token import EXPIRED, FOREIGN, FORGED, MISSING, NO_KEY, TOO_EARLY, WRONG_AUDIENCE

OTHER_KEYS = "compare the keys of the rule, `jwks` or `jwksUri`, with those the issuer signs with now"
REMEDIES = {
    EXPIRED: "get a fresh one from its issuer",
    TOO_EARLY: "wait, or compare the clocks",
    FOREIGN: "send a token of an issuer that a rule names, or add a rule for this one",
    WRONG_AUDIENCE: "ask its issuer for one with such an audience, or add the token's to `audiences`",
    NO_KEY: OTHER_KEYS,
    FORGED: OTHER_KEYS,
    MISSING: "send one with --jwt FILE",
}
"""By Envoy's words."""
UNREADABLE = "send the whole token: three parts with dots between them, after `Bearer `"
SEND = "send one, as --jwt FILE does"


def refused_token(check: Check, name: Name) -> Advice:
    """By a RequestAuthentication: whoever sends a token must send a valid one."""
    rules = [check.decided_by] if check.decided_by else check.rules
    who = " and ".join(name(one.rule) for one in rules if one.rule) or "the proxy"
    refuse = "refuses" if len(rules) == 1 else "refuse"
    why = f"{who} {refuse} the token: {check.words or 'there is none'}"
    return Advice(why=why, remedy=REMEDIES.get(check.reason, UNREADABLE))


def unmet_token(rule: str, operation: str, field: str, checks: Sequence[Check]) -> Advice:
    """By an AuthorizationPolicy whose `field` asks for a token. Without a RequestAuthentication nobody reads tokens."""
    read = next((check for check in checks if check.action == "JWT"), None)
    if read is None:
        why = f"{rule} allows {operation} only with a token, and no RequestAuthentication reads tokens there"
        return Advice(why=why, remedy="add a RequestAuthentication that selects it, with the issuer's rule")
    if read.decided_by is None:
        return Advice(why=f"{rule} allows {operation} only with a token, and there is none", remedy=SEND)
    why = f"{rule} allows {operation} with a token, but not with the one {read.words}"
    return Advice(why=why, remedy=f"send another token, or change what {field} asks of it")
