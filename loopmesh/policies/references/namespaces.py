"""Namespaces whose callers AuthorizationPolicies speak of."""

from collections.abc import Iterator

from loopmesh.model.authorization import Aspect, AuthorizationPolicy, AuthorizationRule
from loopmesh.model.problem import Problem, Severity
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.references.known import Known


def namespace_problems(known: Known, policy: AuthorizationPolicy) -> Iterator[Problem]:
    """No error here, as it is to Istio: a cluster has more namespaces than the values file."""
    namespaces = {*known.application.namespaces, known.root_namespace}
    for rule in policy.rules:
        for name in dict.fromkeys(_named(rule)):
            if not any(_matches(name, one) for one in namespaces):
                text, remedy = "nothing of the values file runs in it", known.closest(name, namespaces)
                message, severity = Message.NOT_FOUND, Severity.WARNING
                value = f"namespace {name}"
                yield policy_problem(rule.source, value, text, remedy, message=message, severity=severity)


def _named(rule: AuthorizationRule) -> Iterator[str]:
    for conditions in rule.callers:
        for condition in conditions:
            if condition.aspect is Aspect.PEER_NAMESPACE:
                yield from (*condition.values, *condition.excluded)


def _matches(pattern: str, namespace: str) -> bool:
    if pattern.startswith("*"):
        return namespace.endswith(pattern[1:])
    return namespace.startswith(pattern[:-1]) if pattern.endswith("*") else namespace == pattern
