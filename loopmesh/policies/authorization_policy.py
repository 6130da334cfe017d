"""AuthorizationPolicy (security.istio.io): who may call what."""

from loopmesh.model.authorization import (
    PROVEN_ASPECTS,
    Aspect,
    AuthorizationPolicy,
    AuthorizationRule,
    Condition,
    Conditions,
    Verdict,
)
from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.policies.authorization_condition import OPERATION_FIELDS, SOURCE_FIELDS, read_conditions, read_when
from loopmesh.policies.document import DRY_RUN, Document, read_selector
from loopmesh.policies.fields import Fields

UNSUPPORTED_TARGETS = dict.fromkeys(
    ("targetRef", "targetRefs"), "it attaches a policy to waypoints and gateways of the Gateway API"
)


DRY_RUNS = (Verdict.ALLOW, Verdict.DENY)
"""Verdicts that can be tried (Istio `ValidateAuthorizationPolicy`)."""


def read_authorization_policy(document: Document, problems: list[Problem]) -> AuthorizationPolicy:
    return Fields.read(document.spec, "spec", problems, lambda fields: _policy(document, fields))


def _policy(document: Document, fields: Fields) -> AuthorizationPolicy:
    everyone = WorkloadSelector(namespace=document.namespace)
    fields.unsupported(UNSUPPORTED_TARGETS)
    verdict = fields.choice("action", Verdict) or Verdict.ALLOW
    rules = fields.objects("rules", lambda inside: _rule(document, inside))
    if verdict is Verdict.DENY and not rules:
        fields.refuse(None, "a DENY policy without rules denies nothing", "add `rules`; `rules: [{}]` denies all")
    authorizer = _authorizer(fields, verdict)
    if verdict is Verdict.CUSTOM:
        _check_custom(fields, rules)
    if document.is_dry_run is not None and verdict not in DRY_RUNS:
        fields.refuse("action", f"Istio has dry runs of {' and '.join(DRY_RUNS)} only", f"remove {DRY_RUN}")
    return AuthorizationPolicy(
        source=document.source,
        selector=fields.object("selector", lambda inside: read_selector(inside, document.namespace)) or everyone,
        verdict=verdict,
        authorizer=authorizer,
        is_dry_run=bool(document.is_dry_run),
        rules=rules,
    )


def _authorizer(fields: Fields, verdict: Verdict) -> str:
    name = fields.object("provider", lambda inside: inside.text("name", required=True))
    if verdict is Verdict.CUSTOM and not fields.has("provider"):
        fields.refuse(
            None, "a CUSTOM policy has a `provider`", "add `provider: {name: …}` with a name of the mesh config"
        )
    if verdict is not Verdict.CUSTOM and fields.has("provider"):
        fields.refuse("provider", f"a policy of action {verdict} asks no provider", "remove it, or write CUSTOM")
    return name or ""


def _check_custom(fields: Fields, rules: tuple[AuthorizationRule, ...]) -> None:
    """What Istio takes with CUSTOM (`ValidateAuthorizationPolicy`)."""
    if not rules:
        fields.refuse(
            None, "a CUSTOM policy without rules asks nobody", "add `rules`; `rules: [{}]` asks for every call"
        )
    said = [one.aspect for rule in rules for part in (*rule.callers, rule.conditions) for one in part]
    for aspect in sorted({aspect for aspect in said if aspect in PROVEN_ASPECTS}):
        rule = f"a CUSTOM policy has no conditions on the {aspect}: its authorizer is asked before that is known"
        fields.refuse("rules", rule, "leave it to the authorizer, or to a DENY policy")


def _rule(document: Document, fields: Fields) -> AuthorizationRule:
    for key in ("from", "to"):
        found = fields.node_at(key)
        if found is not None and found.value == []:
            fields.refuse(key, "an empty list matches nothing", "remove it to match all, or add an item")
    namespace = document.namespace
    callers = fields.objects("from", lambda inside: _from(inside, namespace))
    operations = fields.objects("to", lambda inside: _to(inside, namespace))
    conditions: tuple[Condition | None, ...] = fields.objects("when", lambda inside: read_when(inside, namespace))
    return AuthorizationRule(
        callers=tuple(caller for caller in callers if caller),
        operations=tuple(operation for operation in operations if operation),
        conditions=tuple(condition for condition in conditions if condition),
        source=document.source_at(fields.origin),
    )


def _from(fields: Fields, namespace: str) -> Conditions | None:
    if not fields.has("source"):
        fields.refuse(None, "`source` is required", "add `source: {…}`")
    return fields.object("source", lambda inside: _caller(inside, namespace))


def _to(fields: Fields, namespace: str) -> Conditions | None:
    if not fields.has("operation"):
        fields.refuse(None, "`operation` is required", "add `operation: {…}`")
    return fields.object("operation", lambda inside: _operation(inside, namespace))


def _caller(fields: Fields, namespace: str) -> Conditions:
    caller = read_conditions(fields, SOURCE_FIELDS, namespace)
    if not caller:
        fields.refuse(None, "a source says something", "add principals or namespaces, or remove `from`")
    said = {condition.aspect for condition in caller}
    if Aspect.PEER_SERVICE_ACCOUNT in said and said & {Aspect.PEER_PRINCIPAL, Aspect.PEER_NAMESPACE}:
        rule = "Istio takes service accounts without principals or namespaces beside them"
        fields.refuse(None, rule, "write `namespace/account`, or principals only")
    return caller


def _operation(fields: Fields, namespace: str) -> Conditions:
    operation = read_conditions(fields, OPERATION_FIELDS, namespace)
    if not operation:
        fields.refuse(None, "an operation says something", "add methods or paths, or remove `to`")
    return operation
