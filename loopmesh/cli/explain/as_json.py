"""An explanation for programs; durations in milliseconds, shares in percent, limits by Envoy's names."""

from typing import Any

from loopmesh.cli.explain.advise import advise
from loopmesh.cli.explain.ending import ending_words
from loopmesh.cli.explain.live_cluster import LiveCluster
from loopmesh.cli.explain.places import Places
from loopmesh.cli.explain.rows import NOTHING, ejected_names
from loopmesh.cli.explain.surroundings import Surroundings
from loopmesh.simulate import Call, Landing
from loopmesh.simulate.check import Check
from loopmesh.simulate.landing import Instance
from loopmesh.simulate.origin import Rule
from loopmesh.simulate.outbound import Matched
from loopmesh.simulate.outcome import Outcome

Json = dict[str, Any]


def explanation_json(call: Call, places: Places, around: Surroundings) -> Json:
    request, matched, translation = call.outbound.request, call.outbound.matched, call.outbound.translation
    return {
        "from": call.caller,
        "to": request.authority,
        "method": request.method,
        "path": request.path,
        "server_name": request.server_name,
        "translation": translation and {"path": translation.request.path, "rule": translation.rule},
        "outcomes": [_outcome(call, one, places, around) for one in call.outcomes],
        "advice": [{"why": one.why, "remedy": one.remedy} for one in advise(call, places, around)],
        "virtual_host": matched.virtual_host if matched else call.outbound.virtual_host,
        "route": _route(matched, places) if matched else None,
        "not_taken": [
            {"name": one.name, "unmet": one.unmet, "rule": _rule(one.rule, places)} for one in call.outbound.passed_over
        ],
        "refuses_unknown": _rule(call.outbound.refuses_unknown, places),
        "checks": [_check(one, places) for one in call.outbound.checks],
        "destinations": [_landing(one, around.live.get(one.name, NOTHING), places) for one in call.landings],
    }


def _outcome(call: Call, outcome: Outcome, places: Places, around: Surroundings) -> Json:
    return {
        "verdict": str(outcome.verdict),
        "percent": outcome.percent,
        "workload": outcome.workload,
        "status": ending_words(call, outcome),
        "patches": [_rule(rule, places) for rule in around.patches.ending(call, outcome)],
    }


def _rule(rule: Rule | None, places: Places) -> Json | None:
    if rule is None:
        return None
    place = places.get(rule)
    return {
        "policy": str(rule.policy),
        "place": rule.place,
        "file": place.file if place else "",
        "line": place.line if place else 0,
    }


def _route(matched: Matched, places: Places) -> Json:
    retry, answer = matched.retry, matched.answer
    return {
        "name": matched.name,
        "rule": _rule(matched.rule, places),
        "timeout_ms": matched.timeout_ms,
        "timeout_rule": _rule(matched.timeout_rule, places),
        "retries": {
            "attempts": retry.retries,
            "on": [*retry.conditions, *map(str, retry.status_codes)],
            "per_try_timeout_ms": retry.per_try_timeout_ms,
            "rule": _rule(retry.rule, places),
        },
        "mirrors": [{"cluster": one.cluster, "percent": one.percent} for one in matched.mirrors],
        "answer": None
        if answer is None
        else {"status": answer.status, "body": answer.body, "location": answer.location},
    }


def _landing(landing: Landing, live: LiveCluster, places: Places) -> Json:
    cluster = landing.cluster
    outlier = cluster.outlier if cluster else None
    budget = cluster.budget if cluster else None
    return {
        "cluster": landing.name,
        "percent": landing.percent,
        "path": landing.request.path,
        "authority": landing.request.authority,
        "rule": _rule(cluster.rule, places) if cluster else None,
        "added_by": _rule(cluster.host, places) if cluster else None,
        "balancing": cluster.balancing if cluster else "",
        "balancing_rule": _rule(cluster.balancing_rule, places) if cluster else None,
        "limits_rule": _rule(cluster.limits_rule, places) if cluster else None,
        "ejection_rule": _rule(cluster.ejection_rule, places) if cluster else None,
        "limits": {
            name: {"limit": limit, "in_use": live.in_use.get(name, 0)}
            for name, limit in (cluster.limits if cluster else {}).items()
        },
        "retry_budget": budget
        and {"percent": budget.percent, "least": budget.least, "interval_ms": budget.interval_ms},
        "turned_away": live.refused,
        "ejection": outlier
        and {
            "consecutive_5xx_errors": outlier.consecutive_5xx_errors,
            "consecutive_gateway_errors": outlier.consecutive_gateway_errors,
            "base_ejection_ms": outlier.base_ejection_ms,
            "max_ejection_percent": outlier.max_ejection_percent,
            "ejected": list(ejected_names(landing, live)),
        },
        "instances": [_instance(one, places) for one in landing.instances],
    }


def _instance(instance: Instance, places: Places) -> Json:
    inbound = instance.inbound
    return {
        "workload": instance.workload,
        "address": f"{instance.endpoint.address}:{instance.endpoint.port}",
        "percent": instance.percent,
        "verdict": str(instance.verdict),
        "problem": instance.problem,
        "tls": instance.tls is not None,
        "spiffe_id": instance.spiffe_id,
        "tls_rule": _rule(inbound.rule, places) if inbound else None,
        "checks": [_check(one, places) for one in inbound.checks] if inbound else [],
    }


def _check(check: Check, places: Places) -> Json:
    return {
        "action": check.action,
        "passed": check.passed,
        "rule": _rule(check.decided_by.rule, places) if check.decided_by else None,
        "reason": check.reason,
        "words": check.words,
    }
