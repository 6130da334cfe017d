"""`mesh explain --trace`: a failed call, its cause and the policies behind it, as text or JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.client import get_status
from loopmesh.cli.errors import CommandError
from loopmesh.cli.explain.advice import Advice
from loopmesh.cli.explain.advise import advise
from loopmesh.cli.explain.cause import (
    Cause,
    ending_log,
    find_cause,
    responsible_rules,
    status_words,
    way_words,
)
from loopmesh.cli.explain.live_call import LiveMesh
from loopmesh.cli.explain.places import Places, find_places, named, rules_of
from loopmesh.observe import Trace
from loopmesh.observe.access_log import LoggedCall, logged_calls
from loopmesh.observe.failure import EndedBy, Failure, find_failure
from loopmesh.observe.response_flags import Part
from loopmesh.simulate import Call, Request
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.route import PassedOver


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
    places: Places


def explain_failure(trace: Trace, state: Path) -> FailedCall | None:
    """None for a call that did not fail. Without a running mesh it says what happened, but not which policy did it."""
    failure = find_failure(trace)
    if failure is None:
        return None
    log = ending_log(failure, logged_calls(state / "logs", trace.id))
    cause = find_cause(failure, log)
    call = _same_call_now(failure, state)
    rules = tuple(dict.fromkeys(responsible_rules(cause, failure, call)))
    places = find_places(state, {*rules, *rules_of(call)}) if call else {}
    by_policy = call is not None and cause.part in (Part.AUTHORIZATION, Part.ROUTE)
    advice = advise(call, places) if call is not None and by_policy else ()
    return FailedCall(
        trace=trace.id,
        failure=failure,
        log=log,
        cause=cause,
        rules=rules,
        advice=advice,
        undecided=tuple(one for one in call.outbound.passed_over if one.headers) if call else (),
        places=places,
    )


def _same_call_now(failure: Failure, state: Path) -> Call | None:
    """The same call simulated, without its headers: they are not in a trace."""
    try:
        status = get_status(state)
    except CommandError:
        return None
    caller = _workload(status, failure.caller)
    if caller is None or ":" not in failure.authority:
        return None
    if failure.is_grpc:
        request = Request.grpc(failure.authority, failure.path)
    else:
        request = Request(authority=failure.authority, path=failure.path, method=failure.method)
    return LiveMesh(status).simulate(caller.name, request)


def _workload(status: admin_pb2.GetStatusResponse, name: str) -> admin_pb2.WorkloadStatus | None:
    return next((one for one in status.workloads if one.name == name), None)


def failure_lines(found: FailedCall) -> Iterator[str]:
    failure, cause = found.failure, found.cause
    yield f"trace {found.trace}"
    yield f"{failure.caller or 'the caller'}: {failure.method} {failure.path} to {failure.authority}"
    yield f"  ended with       {status_words(failure)}"
    yield f"  way              {way_words(failure)}"
    if found.log and found.log.details:
        yield f"  the proxy says   {found.log.details}"
    for route in found.undecided:
        where = f"  [{named(route.rule, found.places)}]" if route.rule else ""
        asked = " and ".join(route.headers)
        words = f"whether it took {route.name or 'a route'}: a trace has no headers, and it asks that {asked}"
        yield f"  not known        {words}{where}"
    yield f"=> {ended_by(failure)}: {cause.words}"
    for rule in found.rules:
        yield f"   policy: {named(rule, found.places)}"
    for advice in found.advice:
        yield f"   why: {advice.why}"
        yield f"   to change it: {advice.remedy}"
    if cause.remedy and not found.advice:
        yield f"   to change it: {cause.remedy}"


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
