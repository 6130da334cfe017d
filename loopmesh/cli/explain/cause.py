"""Why a call failed: what happened, from its spans and the proxies' logs, joined with the policies behind it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import grpc

from loopmesh.cli.explain.rows import cluster_words
from loopmesh.observe.access_log import LoggedCall
from loopmesh.observe.failure import EndedBy, Failure
from loopmesh.observe.response_flags import FLAGS, Part, flags_of
from loopmesh.simulate import Call
from loopmesh.simulate.origin import Rule, rule_of_rbac

STATUS_NAMES = {str(code.value[0]): code.name for code in grpc.StatusCode}
RBAC_DENIED = re.compile(r"rbac_access_denied_matched_policy\[(.*)\]")
UNNAMED = "none"
DENIED = "RBAC: "
"""How every denial of Envoy's begins; it is known also where the user has another log format."""
DETAILS = {
    "jwt_authn_access_denied": "the token was not accepted",
    "ext_authz_denied": "the authorizer of a CUSTOM policy said no",
    "ext_authz_error": "the authorizer of a CUSTOM policy did not answer",
    "upstream_per_try_timeout": "a try took longer than `perTryTimeout`",
    "direct_response": "the route answers by itself",
}
"""Envoy's response code details that say more than the flags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """`part` says which policies are responsible; None where the program answered."""

    words: str
    remedy: str = ""
    part: Part | None = None
    rule: Rule | None = None


def status_words(failure: Failure) -> str:
    """`PERMISSION_DENIED: RBAC: access denied`, or `HTTP 503`."""
    if not failure.is_grpc:
        return f"HTTP {failure.status}" if failure.status else "no answer"
    name = STATUS_NAMES.get(failure.status, failure.status or "no answer")
    return f"{name}: {failure.message}" if failure.message else name


def ending_log(failure: Failure, logged: Sequence[LoggedCall]) -> LoggedCall | None:
    """What the proxy that ended the call wrote about it."""
    instance = failure.server if failure.ended_by is EndedBy.SERVER_PROXY else failure.caller
    return next((one for one in logged if one.instance == instance and one.path == failure.path), None)


def find_cause(failure: Failure, log: LoggedCall | None) -> Cause:
    """Envoy's details say most, then its flags; a program's own answer is its own affair."""
    details = log.details if log else ""
    if (denied := RBAC_DENIED.search(details)) is not None:
        return _denied(denied.group(1))
    for known, words in DETAILS.items():
        if details.startswith(known):
            part = Part.AUTHORIZATION if "authz" in known or "jwt" in known else Part.ROUTE
            return Cause(words=f"{words} ({details})", part=part)
    for flag in flags_of(failure.flags or (log.flags if log else "")):
        if flag in FLAGS:
            found = FLAGS[flag]
            return Cause(words=f"{found.words} ({flag})", remedy=found.remedy, part=found.part)
    if failure.message.startswith(DENIED):
        return Cause(words="authorization denied the call", part=Part.AUTHORIZATION)
    if failure.ended_by is EndedBy.PROGRAM:
        return Cause(words="the program answered so by itself", remedy="see `mesh logs` of it")
    return Cause(words=details or "its proxy does not say why", part=Part.PROXY)


def _denied(policy: str) -> Cause:
    rule = rule_of_rbac(policy)
    if policy == UNNAMED or rule is None:
        return Cause(words="no rule of an ALLOW policy allows it", part=Part.AUTHORIZATION)
    return Cause(words=f"{rule.policy} denies it", part=Part.AUTHORIZATION, rule=rule)


def responsible_rules(cause: Cause, failure: Failure, call: Call | None) -> Iterator[Rule]:
    """The policies that decide about the part that failed."""
    if cause.rule is not None:
        yield cause.rule
    if call is None:
        return
    matched = call.outbound.matched
    landing = next((one for one in call.landings if one.name == failure.cluster), None)
    if cause.part is Part.ROUTE and matched is not None and matched.rule is not None:
        yield matched.rule
    if cause.part in (Part.DESTINATION, Part.INSTANCE) and landing and landing.cluster and landing.cluster.rule:
        yield landing.cluster.rule


def way_words(failure: Failure) -> str:
    """Where it went, and how often."""
    tries = f"{failure.tries} {'try' if failure.tries == 1 else 'tries'}" if failure.tries else "no try"
    target = f" to {cluster_words(failure.cluster)}" if failure.cluster else ""
    reached = f", the last reached {failure.server}" if failure.server else ""
    return f"{tries}{target}{reached}"
