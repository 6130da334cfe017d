"""Authorization: one filter for everything denied, then one for everything allowed, as Istio builds them."""

import re
from collections.abc import Callable, Iterable, Iterator

from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.rbac.v3.rbac_pb2 import Permission, Policy, Principal
from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC
from envoy.type.matcher.v3.path_pb2 import PathMatcher
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from loopmesh.model.policies import Policies
from loopmesh.model.security import AuthorizationPolicy, AuthorizationRule, Caller, Operation, Verdict
from loopmesh.model.topology import Workload

ACTIONS = {Verdict.DENY: rbac_pb2.RBAC.DENY, Verdict.ALLOW: rbac_pb2.RBAC.ALLOW}


def rbac_filters(policies: Policies, workload: Workload, port: int | None) -> Iterator[RBAC]:
    """Filters for one port of a workload; `port` None for a gateway, where rules on ports hold for none.

    A workload that some ALLOW policy selects denies all that none allows (Istio's evaluation order).
    """
    selecting = [
        policy
        for policy in policies.authorization_policies
        if policies.settings.reaches(policy.selector, workload.namespace, workload.labels)
    ]
    for verdict in (Verdict.DENY, Verdict.ALLOW):
        chosen = [policy for policy in selecting if policy.verdict is verdict]
        rules = rbac_pb2.RBAC(action=ACTIONS[verdict])
        for policy in chosen:
            _add_rules(rules, policy, port)
        if rules.policies or (chosen and verdict is Verdict.ALLOW):
            yield RBAC(rules=rules)


def _add_rules(rules: rbac_pb2.RBAC, policy: AuthorizationPolicy, port: int | None) -> None:
    name = policy.source.policy
    for number, rule in enumerate(policy.rules):
        operations = [operation for operation in rule.operations if _on_port(operation, port)]
        if rule.operations and not operations:
            continue
        rules.policies[f"ns[{name.namespace}]-policy[{name.name}]-rule[{number}]"].CopyFrom(
            Policy(permissions=_permissions(operations), principals=_principals(rule))
        )


def _on_port(operation: Operation, port: int | None) -> bool:
    """Each inbound port has a listener of its own, so conditions on ports are settled here."""
    return (not operation.ports or port in operation.ports) and port not in operation.not_ports


def _permissions(operations: list[Operation]) -> list[Permission]:
    return [_permission(operation) for operation in operations] or [Permission(any=True)]


def _permission(operation: Operation) -> Permission:
    parts = [
        *_any_permission(operation.hosts, _host),
        *_no_permission(operation.not_hosts, _host),
        *_any_permission(operation.methods, _method),
        *_no_permission(operation.not_methods, _method),
        *_any_permission(operation.paths, _path),
        *_no_permission(operation.not_paths, _path),
    ]
    return Permission(and_rules=Permission.Set(rules=parts)) if parts else Permission(any=True)


def _any_permission(values: tuple[str, ...], make: Callable[[str], Permission]) -> Iterator[Permission]:
    if values:
        yield Permission(or_rules=Permission.Set(rules=map(make, values)))


def _no_permission(values: tuple[str, ...], make: Callable[[str], Permission]) -> Iterator[Permission]:
    for found in _any_permission(values, make):
        yield Permission(not_rule=found)


def _host(value: str) -> Permission:
    return Permission(header=HeaderMatcher(name=":authority", string_match=text_matcher(value, ignore_case=True)))


def _method(value: str) -> Permission:
    return Permission(header=HeaderMatcher(name=":method", string_match=text_matcher(value)))


def _path(value: str) -> Permission:
    return Permission(url_path=PathMatcher(path=text_matcher(value)))


def _principals(rule: AuthorizationRule) -> list[Principal]:
    return [_principal(caller) for caller in rule.callers] or [Principal(any=True)]


def _principal(caller: Caller) -> Principal:
    parts = [
        *_any_principal(map(_identity, caller.principals)),
        *_no_principal(map(_identity, caller.not_principals)),
        *_any_principal(map(_namespace, caller.namespaces)),
        *_no_principal(map(_namespace, caller.not_namespaces)),
    ]
    return Principal(and_ids=Principal.Set(ids=parts)) if parts else Principal(any=True)


def _any_principal(ids: Iterable[Principal]) -> Iterator[Principal]:
    found = list(ids)
    if found:
        yield Principal(or_ids=Principal.Set(ids=found))


def _no_principal(ids: Iterable[Principal]) -> Iterator[Principal]:
    for found in _any_principal(ids):
        yield Principal(not_id=found)


def _authenticated(matcher: StringMatcher) -> Principal:
    return Principal(authenticated=Principal.Authenticated(principal_name=matcher))


def _identity(value: str) -> Principal:
    return _authenticated(text_matcher(value, before="spiffe://"))


def _namespace(value: str) -> Principal:
    words = re.escape(value).replace(r"\*", ".*")
    return _authenticated(StringMatcher(safe_regex=RegexMatcher(regex=f".*/ns/{words}/.*")))


def text_matcher(value: str, *, before: str = "", ignore_case: bool = False) -> StringMatcher:
    """`*` is anything but nothing, `*x` a suffix, `x*` a prefix; `before` precedes every full value."""
    if value == "*":
        return StringMatcher(safe_regex=RegexMatcher(regex=".+"))
    if value.startswith("*"):
        return StringMatcher(suffix=value[1:], ignore_case=ignore_case)
    if value.endswith("*"):
        return StringMatcher(prefix=before + value[:-1], ignore_case=ignore_case)
    return StringMatcher(exact=before + value, ignore_case=ignore_case)
