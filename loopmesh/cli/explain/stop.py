"""Why a filter of a proxy stops a call: authorization, tokens and the rest."""

from collections.abc import Sequence

from loopmesh.cli.explain.advice import Advice, Name
from loopmesh.cli.explain.token import refused_token, unmet_token
from loopmesh.simulate.check import Check, RuleResult
from loopmesh.simulate.request import Request

SPIFFE = "spiffe://"


def advise_stop(check: Check, checks: Sequence[Check], caller: str, request: Request, name: Name) -> Advice:
    """`check` is the one of `checks` that has stopped it; `caller` the SPIFFE identity that was shown, if any."""
    if check.action == "JWT":
        return refused_token(check, name)
    if check.action == "CORS":
        return Advice(why=f"a preflight is answered: {check.reason}", remedy="change `corsPolicy` of the route")
    if check.action == "HEADERS":
        return Advice(why=f"the proxy refuses it: {check.reason}", remedy="send the header with `-` for `_`")
    if check.action == "TRANSLATION":
        remedy = "call a path and parameters that a google.api.http rule has, or gRPC"
        return Advice(why=f"the proxy refuses to translate it: {check.reason}", remedy=remedy)
    if check.action == "DENY":
        return Advice(why=f"{_rule(check.decided_by, name)} denies it", remedy="narrow that rule, or delete the policy")
    return _not_allowed(check, checks, caller, request, name)


def _not_allowed(check: Check, checks: Sequence[Check], caller: str, request: Request, name: Name) -> Advice:
    """By the rule that comes nearest: the right operation for another caller, or the right caller for another one."""
    principal = caller.removeprefix(SPIFFE) or "a caller without an identity"
    operation = f"{request.method} {request.bare_path}".rstrip()
    for result in check.rules:
        if result.fits_operation and result.asks_token:
            return unmet_token(_rule(result, name), operation, checks)
        if result.fits_operation:
            change = f"add {principal} to its `principals`" if caller else "let the caller use mutual TLS"
            return Advice(why=f"{_rule(result, name)} allows {operation}, but not for {principal}", remedy=change)
    for result in check.rules:
        if result.fits_caller:
            return Advice(
                why=f"{_rule(result, name)} allows {principal}, but not {operation}",
                remedy=f"add {request.bare_path} to its `paths`",
            )
    policies = dict.fromkeys(str(result.rule.policy) for result in check.rules if result.rule)
    return Advice(
        why=f"no rule of {', '.join(policies)} speaks of {principal} or of {operation}",
        remedy="add a rule that allows it",
    )


def _rule(result: RuleResult | None, name: Name) -> str:
    return name(result.rule) if result and result.rule else "a rule of the configuration"
