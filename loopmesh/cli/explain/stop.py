"""Why a filter of a proxy stops a call: authorization, tokens and the rest."""

from collections.abc import Sequence

from loopmesh.cli.explain.advice import Advice, Name
from loopmesh.cli.explain.not_allowed import not_allowed, rule_words
from loopmesh.cli.explain.stated import Said
from loopmesh.cli.explain.token import refused_token
from loopmesh.simulate.check import Check
from loopmesh.simulate.request import Request


def advise_stop(check: Check, checks: Sequence[Check], caller: str, request: Request, name: Name, said: Said) -> Advice:
    """`check` is the one of `checks` that has stopped it; `caller` the SPIFFE identity that was shown, if any."""
    if check.action == "JWT":
        return refused_token(check, name)
    if check.action == "CORS":
        return Advice(why=f"a preflight is answered: {check.reason}", remedy="change `corsPolicy` of the route")
    if check.action == "HEADERS":
        return Advice(why=f"the proxy refuses it: {check.reason}", remedy="send the header with `-` for `_`")
    if check.action == "PATH":
        return Advice(why=f"the proxy refuses it: {check.reason}", remedy="leave `%00` out of the path")
    if check.action == "TRANSLATION":
        remedy = "call a path and parameters that a google.api.http rule has, or gRPC"
        return Advice(why=f"the proxy refuses to translate it: {check.reason}", remedy=remedy)
    if check.action == "DENY":
        return Advice(
            why=f"{rule_words(check.decided_by, name)} denies it", remedy="narrow that rule, or delete the policy"
        )
    return not_allowed(check, checks, caller, request, name, said)
