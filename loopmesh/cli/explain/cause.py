"""Why a call failed, in plain words: what its spans and the proxies' logs say, in the order of how much they say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import grpc

from loopmesh.cli.explain.cluster_words import cluster_words
from loopmesh.cli.explain.token import REMEDIES, UNREADABLE
from loopmesh.observe.access_log import LoggedCall
from loopmesh.observe.failure import EndedBy, Failure
from loopmesh.observe.response_flags import FLAGS, Part, flags_of
from loopmesh.simulate import Verdict
from loopmesh.simulate.origin import Rule, rule_of_rbac

STATUS_NAMES = {str(code.value[0]): code.name for code in grpc.StatusCode}
RBAC_DENIED = re.compile(r"rbac_access_denied_matched_policy\[(.*)\]")
TOKEN_REFUSED = re.compile(r"jwt_authn_access_denied\{(.*)\}")
RESET = re.compile(r"upstream_reset_[a-z_]+\{([a-z_]+)(?:\|(.*))?\}")
UNNAMED = "none"
DENIED = "RBAC: "
"""How every denial of Envoy's begins; it is known also where the user has another log format."""
PASSED_ON = "via_upstream"
TRIED_IN_VAIN = "URX"
LIMITED = "UO"
HTTP_FILTERS = "envoy.extensions.filters.http"
OF_FLAGS = {
    "RL": (f"{HTTP_FILTERS}.local_ratelimit.v3.LocalRateLimit", f"{HTTP_FILTERS}.ratelimit.v3.RateLimit"),
    "RLSE": (f"{HTTP_FILTERS}.ratelimit.v3.RateLimit",),
}
"""Filters that set a flag, by what they are configured by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """`flags` are Envoy's that say it, as the words end with them. `part` says which policies are responsible, None
    where the program answered; `verdict` is what a simulation of the call comes to that ends for the same reason.
    `filters` are what the filters that may have ended it are configured by."""

    words: str
    remedy: str = ""
    flags: str = ""
    part: Part | None = None
    rule: Rule | None = None
    verdict: Verdict | None = None
    refuses_token: bool = False
    filters: tuple[str, ...] = ()


DETAILS = {
    "ext_authz_denied": Cause(
        words="the authorizer of a CUSTOM policy said no",
        remedy="see the authorizer's log for the reason, or narrow the policy",
        part=Part.AUTHORIZATION,
        verdict=Verdict.ASKED,
    ),
    "ext_authz_error": Cause(
        words="the authorizer of a CUSTOM policy did not answer",
        remedy="see whether it runs, and its address in `extensionProviders` of the mesh config",
        part=Part.AUTHORIZATION,
        verdict=Verdict.ASKED,
    ),
    "upstream_per_try_timeout": Cause(
        words="a try took longer than `perTryTimeout`",
        remedy="raise `perTryTimeout`, or make the program faster",
        part=Part.ROUTE,
    ),
    "direct_response": Cause(words="the proxy answers by itself", part=Part.ROUTE, verdict=Verdict.ANSWERED),
    "request_payload_too_large": Cause(
        words="the request is larger than a filter of the proxy takes",
        remedy="send less, or raise the filter's limit, as in the EnvoyFilter that adds it",
        part=Part.PROXY,
        filters=(f"{HTTP_FILTERS}.buffer.v3.Buffer",),
    ),
    "request_headers_too_large": Cause(
        words="the request's headers are larger than the proxy takes",
        remedy="send fewer or shorter ones",
        part=Part.CALLER,
    ),
}
"""Envoy's response code details that say more than the flags."""
RESET_FLAGS = {
    "connection_termination": "UC",
    "remote_connection_failure": "UF",
    "local_connection_failure": "UF",
    "overflow": LIMITED,
    "remote_reset": "UR",
    "protocol_error": "UPE",
}
"""By the reason Envoy's details give for a reset, the flag that means the same: of several tries flags say only that
they were in vain."""
VERDICTS = {
    "FI": Verdict.ABORTED,
    "DF": Verdict.LEAVES,
    "NR": Verdict.NO_ROUTE,
    "NC": Verdict.NO_CLUSTER,
    "UH": Verdict.NO_INSTANCE,
    "UC": Verdict.REFUSED,
    "UF": Verdict.REFUSED,
    "UAEX": Verdict.ASKED,
}
RETRIES_LIMITED = Cause(
    words=f"it failed and was not tried again, for as many retries as allowed were going on ({LIMITED})",
    remedy="see why the tries failed; raise `maxRetries` of `connectionPool`, or `retryBudget`",
    flags=LIMITED,
    part=Part.DESTINATION,
)


def status_words(failure: Failure) -> str:
    """`PERMISSION_DENIED: RBAC: access denied`, or `HTTP 503`."""
    if not failure.is_grpc:
        return f"HTTP {failure.status}" if failure.status else "no answer"
    name = STATUS_NAMES.get(failure.status, failure.status or "no answer")
    return f"{name}: {failure.message}" if failure.message else name


def ending_log(failure: Failure, logged: Sequence[LoggedCall]) -> LoggedCall | None:
    """What the proxy that ended the call wrote about it."""
    return _log_of(failure.server if failure.ended_by is EndedBy.SERVER_PROXY else failure.caller, failure, logged)


def callers_log(failure: Failure, logged: Sequence[LoggedCall]) -> LoggedCall | None:
    """What the caller's proxy, or the gateway, wrote about it."""
    return _log_of(failure.caller, failure, logged)


def _log_of(instance: str, failure: Failure, logged: Sequence[LoggedCall]) -> LoggedCall | None:
    paths = (failure.path, failure.arrived_path)
    return next((one for one in logged if one.instance == instance and one.path in paths), None)


def find_cause(failure: Failure, log: LoggedCall | None) -> Cause:
    """Envoy's details say most, then its flags; a program's own answer is its own affair."""
    details = log.details if log else ""
    if (denied := RBAC_DENIED.search(details)) is not None:
        return _denied(denied.group(1))
    if (refused := TOKEN_REFUSED.search(details)) is not None:
        said = refused.group(1).replace("_", " ")
        remedy = REMEDIES.get(said, UNREADABLE)
        return Cause(
            words=f"the token was not accepted: {said}", remedy=remedy, part=Part.AUTHORIZATION, refuses_token=True
        )
    if (known := next((one for one in DETAILS if details.startswith(one)), None)) is not None:
        return replace(DETAILS[known], words=f"{DETAILS[known].words} ({details})")
    if (found := _by_flags(failure, log, details)) is not None:
        return found
    if failure.message.startswith(DENIED):
        return Cause(words="authorization denied the call", part=Part.AUTHORIZATION, verdict=Verdict.DENIED)
    if failure.ended_by is EndedBy.PROGRAM:
        return Cause(words="the program answered so by itself", remedy="see `mesh logs` of it")
    return Cause(words=details or "its proxy does not say why", part=Part.PROXY)


def _denied(policy: str) -> Cause:
    return denied_by(None if policy == UNNAMED else rule_of_rbac(policy))


def denied_by(rule: Rule | None) -> Cause:
    """By a rule of a DENY policy, else for want of one in an ALLOW policy."""
    if rule is None:
        words = "no rule of an ALLOW policy allows it"
        return Cause(words=words, part=Part.AUTHORIZATION, verdict=Verdict.DENIED)
    return Cause(words=f"{rule.policy} denies it", part=Part.AUTHORIZATION, rule=rule, verdict=Verdict.DENIED)


def _by_flags(failure: Failure, log: LoggedCall | None, details: str) -> Cause | None:
    """None where no flag is known. That all tries were in vain is said beside the reason of the last one."""
    flags = [flag for flag in flags_of(failure.flags or (log.flags if log else "")) if flag in FLAGS]
    reset = RESET.search(details)
    why = RESET_FLAGS.get(reset.group(1), "") if reset else ""
    if LIMITED in flags and details == PASSED_ON:
        return RETRIES_LIMITED
    reasons = [flag for flag in flags if flag != TRIED_IN_VAIN] or [one for one in (why,) if one]
    if not flags:
        return None
    if not reasons:
        return _answered_in_vain(failure)
    found = FLAGS[reasons[0]]
    said = reset.group(2).rpartition(":_")[2].replace("_", " ").strip() if reset and reset.group(2) else ""
    words = f"{found.words}{f': {said}' if said else ''}"
    shown = f"{reasons[0]}, in every try: {TRIED_IN_VAIN}" if TRIED_IN_VAIN in flags else reasons[0]
    return Cause(
        words=f"{words} ({shown})",
        remedy=found.remedy,
        flags=shown,
        part=found.part,
        verdict=VERDICTS.get(reasons[0]),
        filters=OF_FLAGS.get(reasons[0], ()),
    )


def _answered_in_vain(failure: Failure) -> Cause:
    found = FLAGS[TRIED_IN_VAIN]
    if failure.ended_by is not EndedBy.PROGRAM:
        return Cause(words=f"{found.words} ({TRIED_IN_VAIN})", remedy=found.remedy, part=found.part)
    words = f"it answered so by itself, in every try that is allowed ({TRIED_IN_VAIN})"
    return Cause(
        words=words, remedy="see `mesh logs` of it; `attempts` of the route says how often it is tried", part=found.part
    )


def way_words(failure: Failure) -> str:
    """Where it went, and how often."""
    tries = f"{failure.tries} {'try' if failure.tries == 1 else 'tries'}" if failure.tries else "no try"
    target = f"to {cluster_words(failure.cluster)}" if failure.cluster else ""
    parts = [part for part in ("" if failure.tries is None else tries, target) if part]
    reached = [f"the last reached {failure.server}"] if failure.server else []
    return ", ".join([" ".join(parts), *reached])
