"""`mesh explain --trace`: a failed call, its cause and the policies behind it, as text or JSON."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loopmesh.cli.client import get_status
from loopmesh.cli.errors import CommandError
from loopmesh.cli.explain.advice import Advice
from loopmesh.cli.explain.advise import advise
from loopmesh.cli.explain.cause import (
    Cause,
    callers_log,
    ending_log,
    find_cause,
    status_words,
    way_words,
)
from loopmesh.cli.explain.patches import Patches
from loopmesh.cli.explain.places import Places, find_places, named, rules_of
from loopmesh.cli.explain.rows import seconds
from loopmesh.cli.explain.same_call import (
    SameCall,
    asks_unknown_token,
    cause_by_policies,
    responsible_rules,
    same_end,
    simulate_again,
)
from loopmesh.cli.explain.surroundings import ALONE, Surroundings
from loopmesh.cli.known_service import known_services
from loopmesh.observe import Trace
from loopmesh.observe.access_log import LoggedCall, logged_calls
from loopmesh.observe.failure import EndedBy, Failure, find_failure
from loopmesh.observe.response_flags import Part
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.route import PassedOver

TOO_LATE = ("UT", "DT")
UNSAID = (Part.PROXY, Part.AUTHORIZATION)
"""What flags and status alone say little of: Istio's proxies write no log unless they are told to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCall:
    """`rules` are the responsible policies; `advice` says what would change it, where a policy would. `undecided` are
    routes that may have been taken: they hang on headers, and a trace has none."""

    trace: str
    failure: Failure
    log: LoggedCall | None
    cause: Cause
    rules: tuple[Rule, ...]
    advice: tuple[Advice, ...]
    undecided: tuple[PassedOver, ...]
    route_name: str
    route: Rule | None
    """The route that was taken, where that is known."""
    places: Places


def explain_failure(trace: Trace, state: Path) -> FailedCall | None:
    """None for a call that did not fail. Without a running mesh it says what happened, but not which policy did it."""
    failure = find_failure(trace)
    if failure is None:
        return None
    logged = logged_calls(state / "logs", trace.id)
    log = ending_log(failure, logged)
    cause = find_cause(failure, log)
    try:
        status = get_status(state)
        same = simulate_again(failure, callers_log(failure, logged), status)
    except CommandError:
        same = None
    if same is not None:
        unsaid = log is None and cause.part in UNSAID
        cause = (cause_by_policies(same, failure) if unsaid else None) or _by_own_deadline(cause, failure, same)
    patches = Patches.of(status) if same is not None else Patches()
    rules = tuple(dict.fromkeys((*_rules(cause, failure, same), *patches.of_filters(cause.filters, failure))))
    ending = same_end(same.call, failure, cause.verdict) if same and cause.verdict else None
    asked = {*rules, *_named_rules(same, patches)} if same else set()
    places, said = find_places(state, asked, ending) if same else ({}, {})
    services = () if failure.from_outside or not ending else tuple(known_services(status.services))
    around = Surroundings(live=same.live, services=services, said=said, patches=patches) if same else ALONE
    asking = asks_unknown_token(same, failure) if same and ending else None
    return FailedCall(
        trace=trace.id,
        failure=failure,
        log=log,
        cause=cause,
        rules=rules,
        advice=(_token_advice(asking, places),) if asking else advise(ending, places, around) if ending else (),
        undecided=same.undecided if same else (),
        route_name=same.route_name if same else "",
        route=same.route if same and not same.undecided else None,
        places=places,
    )


def _token_advice(rule: Rule, places: Places) -> Advice:
    why = f"{named(rule, places)} allows it only with a token, and a trace does not say which one was sent"
    return Advice(why=why, remedy="ask what becomes of the token: mesh explain --from WORKLOAD … --jwt FILE")


def _named_rules(same: SameCall, patches: Patches) -> Iterator[Rule]:
    yield from rules_of(same.call, patches)
    if same.route is not None:
        yield same.route


def _rules(cause: Cause, failure: Failure, same: SameCall | None) -> Iterator[Rule]:
    if cause.rule is not None:
        yield cause.rule
    if same is not None:
        yield from responsible_rules(cause, failure, same)


def _by_own_deadline(cause: Cause, failure: Failure, same: SameCall) -> Cause:
    """A proxy keeps to the deadline a gRPC caller has set, where the route would wait longer. With each try it writes
    down there what is left of the route's own time: of later tries the caller's deadline is not known."""
    matched = same.call.outbound.matched
    per_try_ms = matched.retry.per_try_timeout_ms if matched else 0
    waits_ms = min(filter(None, (matched.timeout_ms if matched else 0, per_try_ms)), default=0)
    is_routes = bool(waits_ms) and ((failure.tries or 0) > 1 or waits_ms <= failure.deadline_ms)
    if cause.flags not in TOO_LATE or not failure.deadline_ms or is_routes:
        return cause
    deadline = f"the caller's own deadline of {seconds(failure.deadline_ms)}"
    return replace(
        cause,
        words=f"the answer did not come within {deadline} ({cause.flags})",
        remedy="give the caller a longer deadline, or make the call faster",
        part=Part.CALLER,
    )


def failure_lines(found: FailedCall) -> Iterator[str]:
    failure, cause = found.failure, found.cause
    yield f"trace {found.trace}"
    yield f"{failure.caller or 'the caller'}: {failure.method} {failure.path} to {failure.authority}"
    yield f"  ended with       {status_words(failure)}"
    if way := way_words(failure):
        yield f"  way              {way}"
    if found.log and found.log.details:
        yield f"  the proxy says   {found.log.details}"
    if found.route is not None:
        yield f"  route            {found.route_name or '(without a name)'}  [{named(found.route, found.places)}]"
    for route in found.undecided:
        where = f"  [{named(route.rule, found.places)}]" if route.rule else ""
        asked = " and ".join(route.headers)
        words = f"whether it took {route.name or 'a route'}: a trace has no headers, and it asks that {asked}"
        yield f"  not known        {words}{where}"
    yield f"=> {ended_by(failure)}: {cause.words}"
    for rule in found.rules:
        yield f"   policy: {named(rule, found.places)}"
    for advice in found.advice:
        if advice.why != _with_place(found):
            yield f"   why: {advice.why}"
        yield f"   to change it: {advice.remedy}"
    if cause.remedy and not found.advice:
        yield f"   to change it: {cause.remedy}"


def _with_place(found: FailedCall) -> str:
    """The words of the cause, as advice says the same: with the place of its rule."""
    rule, words = found.cause.rule, found.cause.words
    return words.replace(str(rule.policy), named(rule, found.places), 1) if rule else words


def ended_by(failure: Failure) -> str:
    if failure.ended_by is EndedBy.PROGRAM:
        return f"the program of {failure.server or failure.caller or 'the server'} ended it"
    instance = failure.server if failure.ended_by is EndedBy.SERVER_PROXY else failure.caller
    return f"the proxy of {instance or 'an instance'} ended it"


def failure_json(found: FailedCall) -> dict[str, Any]:
    failure = found.failure
    return {
        "trace_id": found.trace,
        "caller": failure.caller,
        "server": failure.server,
        "to": failure.authority,
        "method": failure.method,
        "path": failure.path,
        "status": failure.status,
        "message": failure.message,
        "flags": failure.flags,
        "details": found.log.details if found.log else "",
        "tries": failure.tries,
        "ended_by": str(failure.ended_by),
        "cause": found.cause.words,
        "policies": [_policy(rule, found.places) for rule in found.rules],
        "route": _policy(found.route, found.places) if found.route else None,
        "undecided": [{"name": one.name, "headers": list(one.headers)} for one in found.undecided],
        "advice": [{"why": one.why, "remedy": one.remedy} for one in found.advice],
    }


def _policy(rule: Rule, places: Places) -> dict[str, Any]:
    place = places.get(rule)
    return {
        "policy": str(rule.policy),
        "place": rule.place,
        "file": place.file if place else "",
        "line": place.line if place else 0,
    }
