"""A call that failed, simulated under the policies of now: which of them it met, and what would change it.

A trace has no headers, so a simulation may take another route than the call has; the caller's log says which it was.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.explain.cause import DETAILS, LIMITED, Cause, denied_by
from loopmesh.cli.explain.live_call import LiveMesh
from loopmesh.cli.explain.live_cluster import LiveCluster
from loopmesh.observe.access_log import LoggedCall
from loopmesh.observe.failure import Failure
from loopmesh.observe.response_flags import Part, flags_of
from loopmesh.simulate import Call, Request, Verdict
from loopmesh.simulate.check import Check, stopping
from loopmesh.simulate.cluster import ClusterFacts
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.route import PassedOver

NO_ROUTE = "NR"
TIMED_OUT = "UT"
RBAC_ACTIONS = ("ALLOW", "DENY")


@dataclass(frozen=True, slots=True, kw_only=True)
class SameCall:
    """`route` is that of the call where its name in the log says so, else the simulation's; `destination` is where
    it went, `live` what goes on at destinations now. `undecided` are routes that may have been taken, for they hang on
    headers."""

    call: Call
    route_name: str
    route: Rule | None
    destination: ClusterFacts | None
    live: Mapping[str, LiveCluster]
    undecided: tuple[PassedOver, ...]


def simulate_again(failure: Failure, log: LoggedCall | None, status: admin_pb2.GetStatusResponse) -> SameCall | None:
    """`log` is the caller's. None where the caller is not of the mesh any more. Raises CommandError."""
    mesh = LiveMesh(status)
    call = _arrival(failure, mesh, status) if failure.from_outside else _departure(failure, mesh, status)
    if call is None:
        return None
    route, undecided = _route(call, failure, log)
    return SameCall(
        call=call,
        route_name=log.route if log else "",
        route=route,
        destination=mesh.destination(call.caller, failure.cluster),
        live=mesh.clusters(call),
        undecided=undecided,
    )


def _departure(failure: Failure, mesh: LiveMesh, status: admin_pb2.GetStatusResponse) -> Call | None:
    if failure.caller not in {one.name for one in status.workloads} or ":" not in failure.authority:
        return None
    return mesh.simulate(failure.caller, _request(failure))


def _arrival(failure: Failure, mesh: LiveMesh, status: admin_pb2.GetStatusResponse) -> Call | None:
    """Of several servers of a gateway the one that leads where it went, else one that knows the host."""
    urls = [url for url in status.edge.values() if url.startswith(f"{failure.scheme}://")]
    calls = [call for url in urls if (call := mesh.simulate_arrival(url, _request(failure))).caller == failure.caller]
    leading = (call for call in calls if any(one.name == failure.cluster for one in call.landings))
    knowing = (call for call in calls if call.outbound.virtual_host)
    return next(leading, None) or next(knowing, None) or next(iter(calls), None)


def _request(failure: Failure) -> Request:
    if failure.asks_grpc:
        return Request.grpc(failure.authority, failure.path)
    return Request(authority=failure.authority, path=failure.path, method=failure.method)


def _route(call: Call, failure: Failure, log: LoggedCall | None) -> tuple[Rule | None, tuple[PassedOver, ...]]:
    matched, passed = call.outbound.matched, call.outbound.passed_over
    undecided = tuple(one for one in passed if one.headers)
    if NO_ROUTE in flags_of(failure.flags):
        return None, ()
    name = log.route if log else ""
    named = [one.rule for one in passed if one.name == name] if name else []
    if matched is not None and name and matched.name == name and not named:
        return matched.rule, ()
    if len(set(named)) == 1 and (matched is None or matched.name != name):
        return named[0], ()
    return matched.rule if matched else None, undecided


def same_end(call: Call, failure: Failure, verdict: Verdict) -> Call | None:
    """What of the simulated call ends so, where it went; None when nothing does."""
    if all(outcome.verdict is not verdict for outcome in call.outcomes):
        return None
    outbound = call.outbound if verdict is Verdict.ABORTED else replace(call.outbound, fault=None)
    landings = [one for one in call.landings if one.name == failure.cluster]
    landings = [
        replace(one, instances=tuple(i for i in one.instances if failure.server in ("", i.workload))[:1])
        if one.instances
        else one
        for one in landings
    ]
    return replace(call, outbound=outbound, landings=tuple(landings))


def responsible_rules(cause: Cause, failure: Failure, same: SameCall) -> Iterator[Rule]:
    """The policies that decide about the part that failed."""
    if cause.part is Part.ROUTE and same.route is not None:
        matched = same.call.outbound.matched
        is_late = TIMED_OUT in flags_of(cause.flags) and matched is not None and matched.rule == same.route
        yield (matched.timeout_rule if is_late and matched else None) or same.route
    if cause.part in (Part.DESTINATION, Part.INSTANCE) and same.destination is not None:
        yield from _rules_of_destination(cause, same.destination)
    if cause.part is Part.AUTHORIZATION and (cause.refuses_token or cause.verdict is Verdict.ASKED):
        action = "JWT" if cause.refuses_token else "CUSTOM"
        for check in _checks(same.call, failure):
            if check.action == action:
                yield from (result.rule for result in check.rules if result.rule)


def _rules_of_destination(cause: Cause, facts: ClusterFacts) -> Iterator[Rule]:
    """By where in the policy it says what has ended the call; by the policy as a whole where that is not known."""
    said = facts.limits_rule if LIMITED in flags_of(cause.flags) else None
    if cause.verdict is Verdict.NO_INSTANCE:
        said = facts.ejection_rule
    yield from (one for one in (said or facts.rule, facts.host) if one is not None)


def cause_by_policies(same: SameCall, failure: Failure) -> Cause | None:
    """Where no proxy has written down why: what would end such a call now."""
    stopped = stopping(_checks(same.call, failure))
    if stopped is not None and stopped.action in RBAC_ACTIONS:
        return denied_by(stopped.decided_by.rule if stopped.decided_by else None)
    matched = same.call.outbound.matched
    if not failure.server and matched is not None and matched.answer is not None:
        return DETAILS["direct_response"]
    if failure.server and not failure.flags:
        words = "nothing is said of why; no policy of now stops such a call, so the program may have answered so"
        return Cause(words=words, remedy="see `mesh logs` of it")
    return None


def asks_unknown_token(same: SameCall, failure: Failure) -> Rule | None:
    """A rule that would have let the call through with a token: whether it had one, and which, no trace says."""
    denying = [check for check in _checks(same.call, failure) if not check.passed and check.action == "ALLOW"]
    results = (result for check in denying for result in check.rules)
    return next((one.rule for one in results if one.fits_operation and one.asks_token), None)


def _checks(call: Call, failure: Failure) -> Iterator[Check]:
    """Those of the proxy that ended it."""
    if not failure.server:
        yield from call.outbound.checks
    for instance in (one for landing in call.landings for one in landing.instances):
        if failure.server == instance.workload and instance.inbound is not None:
            yield from instance.inbound.checks
