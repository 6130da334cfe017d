"""An explanation as rows: what it is about, what holds, and the rule that says so."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from loopmesh.cli.explain.check_row import check_row
from loopmesh.cli.explain.cluster_words import cluster_words
from loopmesh.cli.explain.ending import abort_words
from loopmesh.cli.explain.live_cluster import LiveCluster
from loopmesh.cli.explain.row import Row
from loopmesh.cli.explain.surroundings import Surroundings
from loopmesh.simulate import Call, Landing
from loopmesh.simulate.cluster import Budget, ClusterFacts, Outlier
from loopmesh.simulate.fault import FILTER as INJECTING
from loopmesh.simulate.fault import Fault
from loopmesh.simulate.inbound import Inbound
from loopmesh.simulate.landing import Instance
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.outbound import Matched
from loopmesh.simulate.part import Part
from loopmesh.simulate.request import Request
from loopmesh.simulate.retry import Retry
from loopmesh.simulate.route import PassedOver

NOTHING = LiveCluster()
LIMIT_WORDS = {
    "max_connections": "connections",
    "max_pending_requests": "waiting requests",
    "max_requests": "requests",
    "max_retries": "retries",
}
SPIFFE = "spiffe://"
MOST_PASSED_OVER = 3
"""All fits on one screen; JSON has every one."""


def rows(call: Call, around: Surroundings) -> Iterator[Row]:
    matched, translation = call.outbound.matched, call.outbound.translation
    if call.outbound.asks_certificate:
        yield Row(label="tls", text="the server asks the caller for a certificate, which is taken to be shown")
    if translation is not None:
        yield Row(label="translation", text=f"to {translation.request.path[1:]}, by its rule {translation.rule}")
    if call.outbound.is_unknown:
        words = f"none is called {call.outbound.request.authority}"
        yield Row(label="host", text=words, rule=call.outbound.refuses_unknown)
    elif matched is not None:
        yield Row(label="host", text=f"{matched.virtual_host} (as {matched.domain})")
        yield from (_passed_over(one) for one in call.outbound.passed_over[:MOST_PASSED_OVER])
        yield from _route(call, matched, around)
        yield from _rewrite(call, matched.rule)
        if call.outbound.fault:
            yield _fault_row(call, call.outbound.fault, around)
    elif call.outbound.virtual_host:
        yield Row(label="host", text=call.outbound.virtual_host)
    for check in call.outbound.checks:
        yield _named(check_row(check, level=0), check.patched, call.caller, around)
    for landing in call.landings:
        yield from _landing(call, landing, around)
    for part in call.outbound.unknown:
        yield _named(_unknown(part, level=0), (part,), call.caller, around)


def _named(row: Row, parts: Sequence[Part], workload: str, around: Surroundings, *, inbound: bool = False) -> Row:
    """With the patches behind parts of the workload's proxy."""
    rules = around.patches.behind(workload, parts, inbound=inbound)
    return replace(row, rule=rules[0], also=next(iter(rules[1:]), None)) if rules else row


def _unknown(part: Part, level: int) -> Row:
    return Row(label="unknown", text=f"{part.words} is not simulated", level=level)


def _route(call: Call, matched: Matched, around: Surroundings) -> Iterator[Row]:
    if matched.is_stream:
        yield Row(label="route", text=_stream(call.outbound.request), rule=matched.rule)
        return
    parts = (matched.part,) if matched.part and matched.answer else ()
    row = Row(label="route", text=matched.name or "(without a name)", rule=matched.rule)
    yield _named(row, parts, call.caller, around)
    if matched.answer is not None:
        said = matched.answer.location or matched.answer.body.strip()
        yield Row(label="answer", text=f"HTTP {matched.answer.status} {said}".rstrip())
        return
    yield Row(
        label="timeout", text=seconds(matched.timeout_ms) if matched.timeout_ms else "none", rule=matched.timeout_rule
    )
    yield _retry(matched.retry)
    for mirror in matched.mirrors:
        yield Row(label="mirror", text=f"{mirror.percent:g}% to {mirror.cluster}")


def _rewrite(call: Call, rule: Rule | None) -> Iterator[Row]:
    """What the route makes of path and authority, where it differs for destinations each."""
    before = call.outbound.routed
    for path, authority in dict.fromkeys((one.request.path, one.request.authority) for one in call.landings):
        pairs = ((before.path, path), (before.authority, authority)) if before else ()
        changes = [f"{old} -> {new}" for old, new in pairs if old != new]
        if changes:
            yield Row(label="rewrite", text=", ".join(changes), rule=rule)


def _stream(request: Request) -> str:
    return f"TLS for the server name {request.server_name}" if request.is_own_tls else "by connection"


def _passed_over(passed: PassedOver) -> Row:
    return Row(label="not taken", text=f"{passed.name or 'a route'}: it asks that {passed.unmet}", rule=passed.rule)


def _retry(retry: Retry) -> Row:
    if not retry.retries:
        return Row(label="retries", text="none", rule=retry.rule)
    words = [*retry.conditions, *map(str, retry.status_codes)]
    per_try = f"; {seconds(retry.per_try_timeout_ms)} for each try" if retry.per_try_timeout_ms else ""
    default = "" if retry.rule else ", Istio's default"
    return Row(label="retries", text=f"{retry.retries} on {', '.join(words)}{per_try}{default}", rule=retry.rule)


def _fault_row(call: Call, fault: Fault, around: Surroundings) -> Row:
    matched = call.outbound.matched
    row = Row(label="fault", text=_fault(fault), rule=matched.rule if matched and fault.by_route else None)
    return _named(row, () if fault.by_route else (INJECTING,), call.caller, around)


def _fault(fault: Fault) -> str:
    parts = []
    if fault.delay_percent:
        parts.append(f"{fault.delay_percent:g}% wait {seconds(fault.delay_ms)}")
    if fault.abort_percent:
        parts.append(f"{fault.abort_percent:g}% end with {abort_words(fault)}")
    return ", ".join(parts)


def _landing(call: Call, landing: Landing, around: Surroundings) -> Iterator[Row]:
    live = around.live.get(landing.name, NOTHING)
    rule = landing.cluster.rule if landing.cluster else None
    yield Row(label="destination", text=f"{landing.percent:g}% to {cluster_words(landing.name)}", rule=rule)
    if landing.cluster is not None:
        if landing.cluster.host is not None:
            yield Row(label="host", text="added by a policy", rule=landing.cluster.host, level=1)
        facts, ejected = landing.cluster, ejected_names(landing, live)
        yield Row(label="balancing", text=_balancing(landing), rule=facts.balancing_rule, level=1)
        yield Row(label="limits", text=_limits(facts, live), rule=facts.limits_rule, level=1)
        yield Row(label="ejection", text=_outlier(facts.outlier, ejected), rule=facts.ejection_rule, level=1)
    for part in landing.unknown:
        yield _named(_unknown(part, level=1), (part,), call.caller, around)
    seen: set[tuple[Row, ...]] = set()
    for instance in landing.instances if not landing.unknown else ():
        told = tuple(_instance(call, landing.cluster, instance, around))
        if told not in seen:
            seen.add(told)
            yield from told


def instance_name(instance: Instance) -> str:
    """The workload's; of somebody who is not of the mesh the address."""
    where = instance.endpoint
    return instance.workload or (f"{where.address}:{where.port}" if where.port else where.address)


def _balancing(landing: Landing) -> str:
    names = [f"{instance_name(one)} {one.percent:.4g}%" for one in landing.instances]
    unhealthy = len(landing.endpoints) - len(landing.instances)
    left_out = f", {unhealthy} not healthy" if unhealthy else ""
    how = landing.cluster.balancing if landing.cluster else ""
    return f"{how}: {', '.join(names) or 'no instance'}{left_out}"


def _limits(cluster: ClusterFacts, live: LiveCluster) -> str:
    parts = [
        f"{live.in_use.get(name, 0)} of {limit} {LIMIT_WORDS[name]} in use" for name, limit in cluster.limits.items()
    ]
    if cluster.budget is not None:
        parts.append(_budget(cluster.budget))
    refused = f"; turned away so far: {live.refused}" if live.refused else ""
    return f"{', '.join(parts) or 'none'}{refused}; {seconds(cluster.connect_timeout_ms)} to connect"


def _budget(budget: Budget) -> str:
    which = f"begun in the last {seconds(budget.interval_ms)} or " if budget.interval_ms else ""
    return f"retries up to {budget.percent:g}% of the calls {which}on their way, and always {budget.least}"


def ejected_names(landing: Landing, live: LiveCluster) -> tuple[str, ...]:
    """Of those that are out now: the workload's, or the address where the proxy's configuration says no other."""
    names = {f"{one.address}:{one.port}": one.workload for one in landing.endpoints}
    return tuple(names.get(address) or address for address in live.ejected)


def _outlier(outlier: Outlier | None, ejected: Sequence[str]) -> str:
    if outlier is None:
        return "never"
    errors = []
    if outlier.consecutive_5xx_errors:
        errors.append(f"{outlier.consecutive_5xx_errors} errors")
    if outlier.consecutive_gateway_errors:
        errors.append(f"{outlier.consecutive_gateway_errors} gateway errors")
    now = f"out now: {', '.join(ejected)}" if ejected else "none is out now"
    return (
        f"after {' or '.join(errors) or 'no number of errors'} in a row for {seconds(outlier.base_ejection_ms)}, "
        f"at most {outlier.max_ejection_percent}%; {now}"
    )


def _instance(call: Call, cluster: ClusterFacts | None, instance: Instance, around: Surroundings) -> Iterator[Row]:
    server = instance.inbound.rule if instance.inbound else None
    caller = cluster.rule if cluster and cluster.decides_tls and instance.inbound else None
    text = _tls(call, instance)
    yield Row(label="tls", text=text, rule=caller or server, also=server if caller else None, level=1)
    if instance.inbound is not None and not instance.problem:
        for row, parts in _inbound(instance.inbound):
            yield _named(row, parts, instance.workload, around, inbound=True)


def _inbound(inbound: Inbound) -> Iterator[tuple[Row, Sequence[Part]]]:
    """Each with the parts that patches have a hand in."""
    for check in inbound.checks:
        yield check_row(check, level=1), check.patched
    if all(check.action == "DRY_RUN" for check in inbound.checks):
        why = "no policy is in force" if inbound.checks else "no policy selects it"
        yield Row(label="authorization", text=f"allowed: {why}", level=1), ()
    if inbound.fault:
        yield Row(label="fault", text=_fault(inbound.fault), level=1), (INJECTING,)
    for part in inbound.unknown:
        yield _unknown(part, level=1), (part,)
    if inbound.handover.part and inbound.verdict is inbound.handover.verdict:
        yield Row(label="route", text=inbound.handover.words, level=1), (inbound.handover.part,)


def _tls(call: Call, instance: Instance) -> str:
    if instance.problem:
        return f"refused: {instance.problem}"
    if instance.tls is None:
        return "the program's own" if call.outbound.request.is_own_tls else "plaintext"
    who = call.spiffe_id.removeprefix(SPIFFE) if instance.tls.shows_identity else "nobody"
    return f"mutual TLS, {who} to {instance.spiffe_id.removeprefix(SPIFFE)}"


def seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g} s" if milliseconds >= 1000 else f"{milliseconds} ms"
