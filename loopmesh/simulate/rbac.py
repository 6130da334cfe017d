"""The RBAC filter: may this caller do this? (Envoy `RoleBasedAccessControlEngineImpl`)."""

from dataclasses import replace
from http import HTTPStatus

from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.rbac.v3.rbac_pb2 import Policy
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC
from envoy.extensions.filters.network.rbac.v3 import rbac_pb2 as network_rbac_pb2

from loopmesh.simulate.check import Check, RuleResult
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.origin import rule_of_rbac
from loopmesh.simulate.principal import asks_token
from loopmesh.simulate.stream import Stream
from loopmesh.simulate.unmet import NOBODY, unmet_conditions

DRY_RUN_MARK = "istio_dry_run_"
"""How the names of what dry runs note begin (Istio `RBACShadowRulesAllowStatPrefix`)."""
DENIED = "RBAC: access denied"
EFFECTIVE = "shadow_effective_policy_id"


def check_rbac(config: RBAC | network_rbac_pb2.RBAC, stream: Stream) -> tuple[Check, ...]:
    """Nothing for a filter that decides nothing. Policies are asked in the order of their names, as in Envoy; those
    that only audit, and dry runs, let everything pass."""
    if config.HasField("matcher"):
        raise NotSimulatedError("authorization by a matcher tree")
    in_force = _check(config.rules, stream) if config.HasField("rules") else None
    is_dry_run = config.HasField("shadow_rules") and config.shadow_rules_stat_prefix.startswith(DRY_RUN_MARK)
    dry_run = _check(config.shadow_rules, stream) if is_dry_run else None
    would = (replace(dry_run, action="DRY_RUN", passed=True, words=_verdict(dry_run)),) if dry_run else ()
    return (*would, *((in_force,) if in_force else ()))


def _verdict(check: Check) -> str:
    if check.decided_by is None:
        return "allowed: no rule denies it" if check.passed else "denied: no rule allows it"
    return "allowed" if check.passed else "denied"


def _check(rules: rbac_pb2.RBAC, stream: Stream) -> Check | None:
    results = tuple(_result(name, rules.policies[name], stream) for name in sorted(rules.policies))
    holding = next((result for result in results if result.holds), None)
    is_audit = rules.action == rbac_pb2.RBAC.LOG
    if is_audit and holding is None:
        return None
    passed = is_audit or (holding is not None) == (rules.action == rbac_pb2.RBAC.ALLOW)
    return Check(
        action=rbac_pb2.RBAC.Action.Name(rules.action),
        passed=passed,
        decided_by=holding,
        rules=results,
        status=0 if passed else HTTPStatus.FORBIDDEN,
        reason="" if passed else DENIED,
    )


def note_shadow_rules(name: str, config: RBAC | network_rbac_pb2.RBAC, stream: Stream) -> Stream:
    """Shadow rules decide nothing; which of them holds is noted for the filters after this one, named `name`."""
    if not config.HasField("shadow_rules"):
        return stream
    results = (_result(one, config.shadow_rules.policies[one], stream) for one in sorted(config.shadow_rules.policies))
    holding = next((result.name for result in results if result.holds), None)
    return stream if holding is None else stream.saying(name, {config.shadow_rules_stat_prefix + EFFECTIVE: holding})


def _result(name: str, policy: Policy, stream: Stream) -> RuleResult:
    if policy.HasField("condition"):
        raise NotSimulatedError(f"a condition in CEL in {name}")
    rule, is_empty = rule_of_rbac(name), policy == NOBODY
    return RuleResult(
        name=name,
        rule=replace(rule, place="") if rule and is_empty else rule,
        unmet=unmet_conditions(policy, stream),
        asks_token=bool(policy.principals) and all(map(asks_token, policy.principals)),
        is_empty=is_empty,
    )
