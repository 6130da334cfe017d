"""Why a call does not get through, in plain words, and what would have to change."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from loopmesh.cli.explain.advice import Advice, Name
from loopmesh.cli.explain.cluster_words import cluster_words
from loopmesh.cli.explain.ending import abort_words
from loopmesh.cli.explain.live_cluster import LiveCluster
from loopmesh.cli.explain.patched import CHANGE_IT, MAKE_THE_CALL, advise_unknown_parts, denied_by_patch, patcher
from loopmesh.cli.explain.places import Places, named
from loopmesh.cli.explain.rows import NOTHING, ejected_names, instance_name, seconds
from loopmesh.cli.explain.stop import advise_stop
from loopmesh.cli.explain.surroundings import ALONE, Surroundings
from loopmesh.cli.explain.unknown_host import advise_unknown
from loopmesh.model.number_words import numbered
from loopmesh.model.patch import Target
from loopmesh.simulate import Call, Landing, Verdict
from loopmesh.simulate.fault import FILTER as INJECTING
from loopmesh.simulate.fault import Fault
from loopmesh.simulate.landing import Instance
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.outbound import Matched
from loopmesh.simulate.part import Part
from loopmesh.simulate.request import Request

PASSING_ON = ("allow_any", "allow_any_dynamic_dns")
"""What Istio calls the virtual host of names nobody has declared, where their calls are sent on."""
NAMESPACE = re.compile(r"/ns/([^/]+)/")


def advise(call: Call, places: Places, around: Surroundings = ALONE) -> tuple[Advice, ...]:
    """One for each way in which calls do not get through, or leave the mesh unasked; none when all reach somebody."""

    def name(rule: Rule) -> str:
        return named(rule, places)

    found = dict.fromkeys((*_on_callers_side(call, name, around), *_on_the_way(call, name, around)))
    return tuple(found)


def _on_callers_side(call: Call, name: Name, around: Surroundings) -> Iterator[Advice]:
    outbound = call.outbound
    if outbound.refused:
        yield _unknown_and_refused(call, name, around) if outbound.is_unknown else _refused(outbound.request)
        return
    if outbound.unknown:
        yield from advise_unknown_parts(outbound.unknown, around.patches, call.caller, name, inbound=False)
        return
    stopped = outbound.stopped_by
    if stopped is not None and stopped.patched:
        yield denied_by_patch(stopped, _patcher(call, stopped.patched, name, around))
    elif stopped is not None:
        yield advise_stop(stopped, outbound.checks, "", outbound.request, name, around.said)
    if outbound.matched is None:
        if stopped is None:
            yield _no_route(call, name, around)
        return
    if outbound.matched.virtual_host in PASSING_ON and call.percent(Verdict.LEAVES):
        told = _unknown(call, around)
        yield replace(told, why=f"{told.why}, and calls of unknown hosts may leave the mesh")
    yield from _answered(call, outbound.matched, name, around)
    if outbound.fault and outbound.fault.abort_percent:
        yield _aborted(call, outbound.fault, outbound.matched.rule, name, around)


def _aborted(call: Call, fault: Fault, rule: Rule | None, name: Name, around: Surroundings) -> Advice:
    if not fault.by_route:
        return Advice(why=f"{_patcher(call, (INJECTING,), name, around)} {_ends(fault)}", remedy=CHANGE_IT)
    return Advice(why=f"{name(rule) if rule else 'a route'} {_ends(fault)}", remedy="remove `fault.abort` from it")


def _ends(fault: Fault) -> str:
    return f"ends {fault.abort_percent:g}% of the calls with {abort_words(fault)}"


def _patcher(call: Call, parts: Sequence[Part], name: Name, around: Surroundings) -> str:
    """The EnvoyFilters behind parts of the caller's proxy."""
    return patcher(around.patches.behind(call.caller, parts, inbound=False), call.caller, name)


def _refused(request: Request) -> Advice:
    if request.is_own_tls:
        return Advice(
            why=f"no rule takes TLS for the server name {request.server_name} at {request.authority}",
            remedy="ask for a name that one has, by --sni, or add it to `sniHosts` or `hosts` of one",
        )
    host = request.authority.rpartition(":")[0]
    return Advice(
        why=f"no server at this port takes a connection for the name {host}",
        remedy="call a host of one of them, or add this one to `hosts` of a server of the Gateway",
    )


def _unknown(call: Call, around: Surroundings) -> Advice:
    namespace = NAMESPACE.search(call.spiffe_id)
    return advise_unknown(call.outbound.request, namespace.group(1) if namespace else "", around.services)


def _unknown_and_refused(call: Call, name: Name, around: Surroundings) -> Advice:
    told, rule = _unknown(call, around), call.outbound.refuses_unknown
    return replace(told, why=f"{told.why}, and {name(rule)} refuses other hosts") if rule else told


def _no_route(call: Call, name: Name, around: Surroundings) -> Advice:
    outbound = call.outbound
    if not outbound.virtual_host and around.services:
        return _unknown(call, around)
    if not outbound.virtual_host:
        return Advice(
            why=f"the proxy knows no host {outbound.request.authority}",
            remedy="call SERVICE:PORT of a service of the mesh, or add the host with a ServiceEntry; from outside call "
            "a host that a VirtualService of the gateway has",
        )
    if not outbound.passed_over:
        by = _patcher(call, (Part(target=Target.VIRTUAL_HOST),), name, around)
        return Advice(why=f"{by} leaves {outbound.virtual_host} no route", remedy=CHANGE_IT)
    unmet = [
        f"{name(passed.rule) if passed.rule else passed.name} asks that {passed.unmet}"
        for passed in outbound.passed_over
    ]
    return Advice(
        why="no route takes this request: " + "; ".join(unmet),
        remedy="send what one of them asks for, or add a route without `match` at the end",
    )


def _answered(call: Call, matched: Matched, name: Name, around: Surroundings) -> Iterator[Advice]:
    if matched.answer is None:
        return
    what = f"redirects to {matched.answer.location}" if matched.answer.location else "answers by itself"
    if call.outbound.is_unknown:
        yield _unknown_and_refused(call, name, around)
    elif matched.part is not None:
        by = _patcher(call, (matched.part,), name, around)
        yield Advice(why=f"{by} {what} with HTTP {int(matched.answer.status)}", remedy=CHANGE_IT)
    elif matched.rule is None:
        yield Advice(
            why=f"the host takes https only and redirects to {matched.answer.location}",
            remedy="call it by https, or remove `httpsRedirect` from the Gateway",
        )
    else:
        yield Advice(
            why=f"{name(matched.rule)} {what} with HTTP {matched.answer.status}",
            remedy="give the rule a `route` if calls should get through",
        )


def _on_the_way(call: Call, name: Name, around: Surroundings) -> Iterator[Advice]:
    for landing in call.landings:
        if landing.cluster is None:
            yield Advice(
                why=f"the route leads to {landing.name}, which the caller's proxy does not have",
                remedy="add the subset to the host's DestinationRule, or mend the destination",
            )
        elif not landing.instances:
            yield _no_instance(landing, around.live.get(landing.name, NOTHING), name)
        elif landing.unknown:
            yield from advise_unknown_parts(landing.unknown, around.patches, call.caller, name, inbound=False)
            continue
        for instance in landing.instances:
            yield from _at_instance(call, landing, instance, name, around)


def _no_instance(landing: Landing, live: LiveCluster, name: Name) -> Advice:
    count = len(landing.endpoints)
    ejected = ejected_names(landing, live)
    if count and len(ejected) == count:
        return _all_ejected(landing, ejected, name)
    where = cluster_words(landing.name)
    why = f"{where} has {numbered(count, 'instance')}, and none is healthy" if count else f"{where} has no instances"
    return Advice(why=why, remedy="see `mesh status`; for a subset compare its labels with the versions that run")


def _all_ejected(landing: Landing, ejected: Sequence[str], name: Name) -> Advice:
    facts = landing.cluster
    by = f" of {name(facts.ejection_rule)}" if facts and facts.ejection_rule else ""
    out_ms = facts.outlier.base_ejection_ms if facts and facts.outlier else 0
    are = "is" if len(ejected) == 1 else "are"
    why = f"{', '.join(ejected)} {are} ejected by `outlierDetection`{by}: all there is of {cluster_words(landing.name)}"
    back = f"wait {seconds(out_ms)}, and as much more for each time it was ejected before"
    return Advice(why=why, remedy=f"see `mesh logs` for the errors it was ejected for; {back}, or change the rule")


def _at_instance(
    call: Call, landing: Landing, instance: Instance, name: Name, around: Surroundings
) -> Iterator[Advice]:
    who = instance_name(instance)
    if instance.verdict is Verdict.REFUSED:
        rules = [landing.cluster.rule if landing.cluster else None, instance.inbound.rule if instance.inbound else None]
        said = " or ".join(name(rule) for rule in rules if rule) or "the policies"
        yield Advice(why=f"{who} takes no connection: {instance.problem}", remedy=f"change `tls` or `mtls` in {said}")
    inbound = instance.inbound
    if inbound is None or instance.problem:
        return
    by = patcher(around.patches.behind(who, inbound.patched, inbound=True), who, name)
    if inbound.fault and inbound.fault.abort_percent:
        adding = patcher(around.patches.behind(who, (INJECTING,), inbound=True), who, name)
        why = f"{adding} {_ends(inbound.fault)} at {who}"
        yield Advice(why=why, remedy=CHANGE_IT)
    if inbound.unknown:
        yield from advise_unknown_parts(inbound.unknown, around.patches, who, name, inbound=True)
        return
    for check in (one for one in inbound.checks if not one.passed):
        if check.patched:
            yield denied_by_patch(check, by)
            return
        caller = call.spiffe_id if instance.tls and instance.tls.shows_identity else ""
        yield advise_stop(check, inbound.checks, caller, landing.request, name, around.said)
    if inbound.verdict is inbound.handover.verdict and inbound.handover.part:
        remedy = MAKE_THE_CALL if inbound.verdict is Verdict.UNFORESEEN else CHANGE_IT
        yield Advice(why=f"{by} {inbound.handover.words}", remedy=remedy)
