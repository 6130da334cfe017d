"""Where what Envoy says it decided is not what `mesh explain` has told: the route, the authorization rule, the
destination, the tries, each with the policy behind it."""

import re
from collections.abc import Iterable, Iterator

from loopmesh.simulate import Call, Verdict
from loopmesh.simulate.check import Check
from loopmesh.simulate.endpoint import Endpoint
from loopmesh.simulate.inbound import Inbound
from loopmesh.simulate.landing import Instance
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.outbound import Matched
from tests.parity.decision import Decision

UNITS_MS = {"H": 3_600_000, "M": 60_000, "S": 1000, "m": 1}
"""Of a gRPC caller's deadline."""
AUTHORIZER = "ext_authz_"
RBAC_ACTIONS = ("ALLOW", "DENY", "LOG")
ENDED_BY_A_RULE = re.compile(
    r"route_not_found|cluster_not_found|no_healthy_upstream|direct_response|fault_filter_abort|cors|"
    r"(rbac|jwt_authn)_access_denied|.*unexpected_underscore|grpc_json_transcode"
)
DETAILS = {
    "CORS": "cors",
    "HEADERS": ".*unexpected_underscore",
    "TRANSLATION": "grpc_json_transcode",
}
"""By a check's action how Envoy's details of its stop begin."""
HANDOVERS = {
    Verdict.NO_ROUTE: ("route_not_found",),
    Verdict.NO_CLUSTER: ("cluster_not_found",),
    Verdict.ANSWERED: ("direct_response",),
    Verdict.REDIRECTED: ("direct_response",),
}
"""How they begin where a server's routes end a call."""


def contradictions(call: Call, said: Iterable[Decision]) -> Iterator[str]:
    """`said` is all that proxies said of one call."""
    for one in said:
        found = of_caller(call, one) if one.instance == call.caller else of_server(call, one)
        yield from (f"{line}; {one}" for line in found)


def of_caller(call: Call, said: Decision) -> Iterator[str]:
    """What the caller's proxy, or the gateway, has decided."""
    outbound = call.outbound
    matched = outbound.matched
    rule = said.chain_policy or "", said.chain_place
    if matched is None or not matched.is_stream:
        rule = said.route_policy, said.route_place
        yield from _route(matched, said)
    yield from _policy("route", matched.rule if matched else None, *rule)
    yield from _authorization(outbound.checks, said)
    yield from _ending(_ends_of_caller(call), said)
    if matched is not None:
        yield from _tries(matched, said)
        yield from _timeouts(matched, said)
    if said.to and not _is_stopped_late(call):
        yield from _destination(call, said)


def of_server(call: Call, said: Decision) -> Iterator[str]:
    """What the proxy of an instance has decided that the call came to."""
    told = [one for landing in call.landings for one in landing.instances if one.workload == said.instance]
    if not told and not _is_copy(call, said) and not _is_stopped_late(call):
        yield f"explained as going to {[landing.name for landing in call.landings]}, not to {said.instance}"
    for one in told[:1]:
        yield from _arrival(call, one, said)


def _is_copy(call: Call, said: Decision) -> bool:
    """A mirrored request, at an instance of a service that gets some."""
    mirrors = call.outbound.matched.mirrors if call.outbound.matched else ()
    hosts = [one.cluster.split("|")[3].split(".") for one in mirrors]
    return any(host[0] in said.instance and said.namespace in host[1:2] for host in hosts)


def _is_stopped_late(call: Call) -> bool:
    """The proxy looks at who opens a stream of bytes with its first byte, and has opened its own connection by then."""
    outbound = call.outbound
    is_stream = outbound.matched is not None and outbound.matched.is_stream
    return is_stream and any(not check.passed for check in outbound.checks)


def _route(matched: Matched | None, said: Decision) -> Iterator[str]:
    told = (matched.virtual_host, matched.name) if matched else ("", "")
    if told[1] != said.route:
        yield f"explained with the route {told}, not {said.route!r}"
    if matched is not None and told[0] != said.virtual_host:
        yield f"explained with the host {told[0]}, not {said.virtual_host}"


def _arrival(call: Call, told: Instance, said: Decision) -> Iterator[str]:
    if told.inbound is None:
        return
    # Istio has one listener for all ports of a program, with chains for each.
    policy, place = said.listener_policy or said.chain_policy, said.listener_place or said.chain_place
    yield from _policy("listener", told.inbound.rule, policy, place)
    yield from _authorization(told.inbound.checks, said)
    yield from _ending(_ends_of_server(told.inbound), said)
    peer = call.spiffe_id if told.tls and told.tls.shows_identity else ""
    if peer != said.peer:
        yield f"explained as a call of {peer or 'nobody'}, not of {said.peer or 'nobody'}"
    if f"{told.endpoint.address}:{told.endpoint.port}" != said.at:
        yield f"explained as going to {told.endpoint.address}:{told.endpoint.port}, not to {said.at}"


def _policy(what: str, rule: Rule | None, path: str, place: str) -> Iterator[str]:
    """Istio says which policy it was, loopmesh also where in it."""
    told, seen = str(rule.policy) if rule else "", policy_words(path)
    if told != seen or (rule and rule.place != place):
        yield f"explained with the {what} of {rule}, not of {seen} {place}"


def policy_words(path: str) -> str:
    """`VirtualService lab/server` for `/apis/networking.istio.io/v1/namespaces/lab/virtual-service/server`."""
    if not path:
        return ""
    *_, namespace, words, name = path.split("/")
    return f"{''.join(word.capitalize() for word in words.split('-'))} {namespace}/{name}"


def _authorization(checks: Iterable[Check], said: Decision) -> Iterator[str]:
    """The filter says which rule held: of a DENY policy it has stopped the call by it, of an ALLOW policy let it
    through. Where none held it says nothing."""
    held = [one.decided_by.name for one in checks if one.decided_by and one.action in RBAC_ACTIONS]
    told = held[-1] if held else ""
    if told != said.rbac and not said.details.startswith(AUTHORIZER):
        yield f"explained with the authorization rule {told or 'of nobody'}, not {said.rbac or 'of nobody'}"


def _ends_of_caller(call: Call) -> list[str]:
    """Patterns of all details that are told; empty where the call goes on."""
    outbound = call.outbound
    ends = _ends(outbound.checks)
    if ends:
        return ends
    if outbound.matched is None:
        return ["route_not_found"]
    if outbound.fault and outbound.fault.abort_percent:
        ends.append("fault_filter_abort")
    if outbound.matched.answer is not None:
        return [*ends, "direct_response"]
    for landing in call.landings:
        if landing.cluster is None:
            ends.append("cluster_not_found")
        elif not landing.instances:
            ends.append("no_healthy_upstream")
    return ends


def _ends_of_server(inbound: Inbound) -> list[str]:
    ends = ["fault_filter_abort"] if inbound.fault and inbound.fault.abort_percent else []
    return [*ends, *_ends(inbound.checks), *HANDOVERS.get(inbound.handover.verdict, ())]


def _ends(checks: Iterable[Check]) -> list[str]:
    return [_details(check) for check in checks if not check.passed]


def _details(check: Check) -> str:
    if check.action in ("ALLOW", "DENY"):
        name = check.decided_by.name if check.decided_by else "none"
        return re.escape(f"rbac_access_denied_matched_policy[{name}]")
    if check.action == "JWT":
        return re.escape(f"jwt_authn_access_denied{{{check.reason.replace(' ', '_')}}}")
    return DETAILS.get(check.action, "nothing that is known")


def _ending(told: list[str], said: Decision) -> Iterator[str]:
    details = said.details or said.ended
    is_told = any(re.match(end, details) for end in told)
    if ENDED_BY_A_RULE.match(details) and not is_told:
        yield f"explained as ending with {told or 'the answer of another'}, not with {details}"


def _tries(matched: Matched, said: Decision) -> Iterator[str]:
    retries = matched.retry.retries if matched.retry else 0
    tries = int(said.attempts or 0)
    if tries > retries + 1 or ("URX" in said.flags and retries and tries != retries + 1):
        yield f"explained with {retries} retries, not with {tries} tries"


def _timeouts(matched: Matched, said: Decision) -> Iterator[str]:
    """The first try's: later ones have less left. The caller may have a deadline of its own."""
    told = [matched.timeout_ms, matched.retry.per_try_timeout_ms if matched.retry else 0]
    if said.deadline:
        told.append(int(said.deadline[:-1]) * UNITS_MS[said.deadline[-1]])
    if said.timeout_ms and said.attempts == "1" and int(said.timeout_ms) != min(filter(None, told), default=0):
        yield f"explained with the timeouts {told} ms, not {said.timeout_ms}"


def _destination(call: Call, said: Decision) -> Iterator[str]:
    landing = next((one for one in call.landings if one.name == said.cluster), None)
    if landing is None:
        yield f"explained as going to {[one.name for one in call.landings]}, not to {said.cluster}"
        return
    rule = landing.cluster.rule if landing.cluster else None
    yield from _policy("destination", rule, said.cluster_policy, said.cluster_place)
    if not any(_is_at(said.to, one) for one in landing.endpoints):
        yield f"explained with the instances {landing.endpoints}, not {said.to}"


def _is_at(said: str, endpoint: Endpoint) -> bool:
    """What is told by its name is looked up when it is called: only the port can be compared. A socket has none."""
    if not endpoint.port:
        return said == endpoint.address
    address, _, port = said.rpartition(":")
    return port == str(endpoint.port) and (address == endpoint.address or endpoint.address[-1:].isalpha())
