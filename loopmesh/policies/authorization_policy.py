"""AuthorizationPolicy (security.istio.io): who may call what."""

from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.model.security import AuthorizationPolicy, AuthorizationRule, Caller, Operation, Verdict
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import port_number

UNSUPPORTED_ACTIONS = {
    "AUDIT": "stock Envoy has no audit plugin that would write the log",
    "CUSTOM": "loopmesh asks no external authorizer",
}


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
        principals=fields.texts("principals", _check_principal),
        not_principals=fields.texts("notPrincipals", _check_principal),
        namespaces=fields.texts("namespaces", _check_pattern),
        not_namespaces=fields.texts("notNamespaces", _check_pattern),
    )
    if caller == Caller():
        fields.refuse(None, "a source says something", "add principals or namespaces, or remove `from`")
    return caller


def _operation(fields: Fields) -> Operation:
    operation = Operation(
        hosts=fields.texts("hosts", _check_pattern),
        not_hosts=fields.texts("notHosts", _check_pattern),
        ports=_ports(fields, "ports"),
        not_ports=_ports(fields, "notPorts"),
        methods=fields.texts("methods", _check_pattern),
        not_methods=fields.texts("notMethods", _check_pattern),
        paths=fields.texts("paths", _check_path),
        not_paths=fields.texts("notPaths", _check_path),
    )
    if operation == Operation():
        fields.refuse(None, "an operation says something", "add methods or paths, or remove `to`")
    return operation


def _check_pattern(value: str) -> tuple[str, str] | None:
    """Istio knows the exact value, `x*`, `*x` and `*`."""
    if "*" in value[1:-1] or (value[0] == value[-1] == "*" and len(value) > 1):
        return "`*` stands at the start or the end, once", "write one value per form"
    return None


def _check_path(value: str) -> tuple[str, str] | None:
    if "{" in value or "}" in value:
        return "loopmesh does not support path templates", "write the paths out"
    return _check_pattern(value)


def _check_principal(value: str) -> tuple[str, str] | None:
    if value.startswith("spiffe:"):
        return "a principal is written without `spiffe://`, else it never holds", "write cluster.local/ns/…/sa/…"
    return _check_pattern(value)


def _ports(fields: Fields, key: str) -> tuple[int, ...]:
    return tuple(port_number(text) or 0 for text in fields.texts(key, _check_port))


def _check_port(value: str) -> tuple[str, str] | None:
    return None if port_number(value) else ("this is no port number", "write a number from 1 to 65535 in quotes")
