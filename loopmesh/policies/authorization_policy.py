"""AuthorizationPolicy (security.istio.io): who may call what."""

from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.model.security import AuthorizationPolicy, AuthorizationRule, Caller, Operation, Verdict
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.fields import Fields

UNSUPPORTED_ACTIONS = ("AUDIT", "CUSTOM")


def read_authorization_policy(document: Document, problems: list[Problem]) -> AuthorizationPolicy:
    return Fields.read(document.spec, "spec", problems, lambda fields: _policy(document, fields))


def _policy(document: Document, fields: Fields) -> AuthorizationPolicy:
    everyone = WorkloadSelector(namespace=document.namespace)
    verdict = fields.choice("action", Verdict, unsupported=UNSUPPORTED_ACTIONS) or Verdict.ALLOW
    rules = fields.objects("rules", lambda inside: _rule(document, inside))
    if verdict is Verdict.DENY and not rules:
        fields.refuse(None, "a DENY policy without rules denies nothing", "add `rules`; `rules: [{}]` denies all")
    return AuthorizationPolicy(
        source=document.source,
        selector=fields.object("selector", lambda inside: read_selector(inside, document.namespace)) or everyone,
        verdict=verdict,
        rules=rules,
    )


def _rule(document: Document, fields: Fields) -> AuthorizationRule:
    for key in ("from", "to"):
        found = fields.node_at(key)
        if found is not None and found.value == []:
            fields.refuse(key, "an empty list matches nothing", "remove it to match all, or add an item")
    return AuthorizationRule(
        callers=tuple(caller for caller in fields.objects("from", _from) if caller),
        operations=tuple(operation for operation in fields.objects("to", _to) if operation),
        source=document.source_at(fields.origin),
    )


def _from(fields: Fields) -> Caller | None:
    if not fields.has("source"):
        fields.refuse(None, "`source` is required", "add `source: {…}`")
    return fields.object("source", _caller)


def _to(fields: Fields) -> Operation | None:
    if not fields.has("operation"):
        fields.refuse(None, "`operation` is required", "add `operation: {…}`")
    return fields.object("operation", _operation)


def _caller(fields: Fields) -> Caller:
    caller = Caller(
        principals=_values(fields, "principals"),
        not_principals=_values(fields, "notPrincipals"),
        namespaces=_values(fields, "namespaces"),
        not_namespaces=_values(fields, "notNamespaces"),
    )
    if caller == Caller():
        fields.refuse(None, "a source says something", "add principals or namespaces, or remove `from`")
    return caller


def _operation(fields: Fields) -> Operation:
    operation = Operation(
        hosts=_values(fields, "hosts"),
        not_hosts=_values(fields, "notHosts"),
        ports=_ports(fields, "ports"),
        not_ports=_ports(fields, "notPorts"),
        methods=_values(fields, "methods"),
        not_methods=_values(fields, "notMethods"),
        paths=_values(fields, "paths"),
        not_paths=_values(fields, "notPaths"),
    )
    if operation == Operation():
        fields.refuse(None, "an operation says something", "add methods or paths, or remove `to`")
    return operation


def _values(fields: Fields, key: str) -> tuple[str, ...]:
    values = fields.texts(key)
    for value in values:
        if "*" in value.strip("*") or value.count("*") > 1:
            fields.refuse(key, f"`{value}`: `*` stands at the start or the end, once", "write one value per form")
        if "{" in value:
            fields.refuse(key, f"`{value}`: loopmesh does not support path templates", "write the paths out")
    return values


def _ports(fields: Fields, key: str) -> tuple[int, ...]:
    values = fields.texts(key)
    for value in values:
        if not value.isdigit():
            fields.refuse(key, f"`{value}` is no port number", "write a number in quotes")
    return tuple(int(value) for value in values if value.isdigit())
