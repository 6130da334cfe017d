"""Authorization: a filter that notes what is audited, one for everything denied, then one for everything allowed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.rbac.v3.rbac_pb2 import Policy, Principal

from loopmesh.compile.index import MeshIndex
from loopmesh.compile.rbac_permission import MAKERS as OF_OPERATIONS
from loopmesh.compile.rbac_permission import NOTHING, permission
from loopmesh.compile.rbac_principal import principal
from loopmesh.compile.trust_aliases import with_aliases
from loopmesh.model.authorization import Aspect, AuthorizationPolicy, AuthorizationRule, Conditions, Verdict
from loopmesh.model.topology import Workload

ACTIONS = {
    Verdict.AUDIT: rbac_pb2.RBAC.LOG,
    Verdict.DENY: rbac_pb2.RBAC.DENY,
    Verdict.ALLOW: rbac_pb2.RBAC.ALLOW,
}
"""In the order of evaluation (Istio `builder.build`)."""
DRY_RUN_MARKS = {rbac_pb2.RBAC.ALLOW: "istio_dry_run_allow_", rbac_pb2.RBAC.DENY: "istio_dry_run_deny_"}
"""Istio `shadowRuleStatPrefix`."""
Known = Callable[[AuthorizationRule, Verdict], AuthorizationRule | None]
"""What can be known of a rule where it is used; None if it is not used at all."""
NEVER = Policy(permissions=[NOTHING], principals=[Principal(not_id=Principal(any=True))])


def whole(rule: AuthorizationRule, _: Verdict) -> AuthorizationRule:
    """Of a request all is known."""
    return rule


@dataclass(frozen=True, slots=True)
class Decision:
    """What holds, and what only would: rules of dry runs, whose verdict is noted by names that begin with `mark`."""

    rules: rbac_pb2.RBAC | None
    dry_run: rbac_pb2.RBAC | None

    @property
    def mark(self) -> str:
        return DRY_RUN_MARKS.get(self.dry_run.action, "") if self.dry_run else ""


def decisions(index: MeshIndex, workload: Workload, port: int, known: Known) -> Iterator[Decision]:
    """One for each verdict that some policy selecting the workload gives.

    A workload that some ALLOW policy selects denies all that none allows (Istio's evaluation order).
    """
    found = selecting(index, workload)
    for verdict in ACTIONS:
        chosen = [policy for policy in found if policy.verdict is verdict]
        in_force = [policy for policy in chosen if not policy.is_dry_run]
        dry_runs = [policy for policy in chosen if policy.is_dry_run]
        if chosen:
            yield Decision(_rules(in_force, port, known), _rules(dry_runs, port, known))


def _rules(policies: Sequence[AuthorizationPolicy], port: int, known: Known) -> rbac_pb2.RBAC | None:
    if not policies:
        return None
    rules = rbac_pb2.RBAC(action=ACTIONS[policies[0].verdict])
    for policy in policies:
        add_rules(rules, policy, port, known)
    return rules


def selecting(index: MeshIndex, workload: Workload) -> list[AuthorizationPolicy]:
    """The policies a workload is subject to."""
    domains = index.policies.settings.trust_domains
    return [with_aliases(policy, domains) for policy in index.authorization_policies.of(workload)]


def add_rules(rules: rbac_pb2.RBAC, policy: AuthorizationPolicy, port: int, known: Known, *, prefix: str = "") -> None:
    """Named as Istio names them, so that its tools tell which rule decided."""
    name = policy.source.policy
    chosen = [known(rule, policy.verdict) for rule in policy.rules]
    compiled = [_rule(rule, port) if rule else None for rule in chosen] or [NEVER]
    for number, found in enumerate(compiled):
        if found is not None:
            rules.policies[f"{prefix}ns[{name.namespace}]-policy[{name.name}]-rule[{number}]"].CopyFrom(found)


def _rule(rule: AuthorizationRule, port: int) -> Policy:
    of_call = tuple(one for one in rule.conditions if _is_of_operation(one.aspect))
    of_caller = tuple(one for one in rule.conditions if not _is_of_operation(one.aspect))
    no_more: tuple[Conditions, ...] = ((),)
    return Policy(
        permissions=[permission((*operation, *of_call), port) for operation in rule.operations or no_more],
        principals=[principal((*caller, *of_caller)) for caller in rule.callers or no_more],
    )


def _is_of_operation(aspect: Aspect) -> bool:
    return aspect is Aspect.PORT or aspect in OF_OPERATIONS
