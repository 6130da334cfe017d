"""Why no rule of an ALLOW policy takes a call: what the nearest one asks that the call does not have."""

from collections.abc import Sequence

from loopmesh.cli.explain.advice import Advice, Name
from loopmesh.cli.explain.stated import Said, stated
from loopmesh.cli.explain.token import unmet_token
from loopmesh.simulate.check import Check, RuleResult
from loopmesh.simulate.condition import WHEN, Condition, Kind
from loopmesh.simulate.request import Request

SPIFFE = "spiffe://"
ANYTHING = "*"


def not_allowed(check: Check, checks: Sequence[Check], caller: str, request: Request, name: Name, said: Said) -> Advice:
    """`check` has denied it; `caller` is the identity that was shown, if any."""
    rules = [one for one in check.rules if not one.is_empty]
    if not rules:
        return _nothing_allowed(check, name)
    nearest = min(rules, key=_distance)
    who = caller.removeprefix(SPIFFE) or "a caller without an identity"
    operation = "a connection" if request.is_stream else f"{request.method} {request.bare_path}"
    unmet = [*nearest.unmet.caller, *nearest.unmet.operation]
    if nearest.rule is not None:
        unmet = [stated(one, nearest.rule, said) for one in unmet]
    if _is_about_others(unmet):
        return Advice(
            why=f"no rule of {_policies(rules, name)} speaks of {who} or of {operation}",
            remedy="add a rule that allows it",
        )
    if all(one.kind is Kind.TOKEN and not one.excludes for one in unmet):
        return unmet_token(rule_words(nearest, name), operation, _field(unmet[0]), checks)
    clauses = "; ".join(_clause(one) for one in unmet)
    return Advice(
        why=f"{rule_words(nearest, name)} does not allow {operation} for {who}: {clauses}",
        remedy=" and ".join(_remedy(one) for one in unmet),
    )


def rule_words(result: RuleResult | None, name: Name) -> str:
    return name(result.rule) if result and result.rule else "a rule of the configuration"


def _nothing_allowed(check: Check, name: Name) -> Advice:
    return Advice(
        why=f"{_policies(check.rules, name)} has no rules, and so allows nothing",
        remedy="add a rule that allows it, or delete the policy",
    )


def _distance(result: RuleResult) -> tuple[int, bool]:
    """By how many conditions are unmet; what speaks of the operation comes before what speaks of the caller."""
    return len(result.unmet.caller) + len(result.unmet.operation), not result.fits_operation


def _is_about_others(unmet: Sequence[Condition]) -> bool:
    """Neither who calls nor what is called is what the rule is about."""
    asked = {one.kind for one in unmet if not one.excludes}
    return asked >= {Kind.IDENTITY, Kind.OPERATION}


def _policies(rules: Sequence[RuleResult], name: Name) -> str:
    policies = dict.fromkeys(result.policy for result in rules if result.policy)
    return ", ".join(map(name, policies)) or "the configuration"


def _field(condition: Condition) -> str:
    """`from[0].source.namespaces` or `when[0] source.namespace`, in ticks."""
    return f"`{condition.fields[0]}`" if condition.fields else "a condition"


def _values(condition: Condition) -> str:
    """Where its values stand; without the policy the item of `when` is not known."""
    field, key = _field(condition), "notValues" if condition.excludes else "values"
    item = field.removeprefix("`").partition(" ")[0]
    if field.startswith(f"`{WHEN}"):
        return f"the `{key}` of {field}"
    return f"`{item}.{key}`" if item.startswith(WHEN.rstrip()) else field


def _clause(condition: Condition) -> str:
    asked, field = " or ".join(condition.asked), _field(condition)
    has = f"this is {condition.has}" if condition.has else "there is none"
    if condition.excludes:
        return f"{field} excludes {asked or 'it'}, and {has}"
    return f"{field} asks for {_wanted(condition)}, and {has}"


def _wanted(condition: Condition) -> str:
    """Nothing of a port is left in the proxy but whether it is the one."""
    if condition.asked == (ANYTHING,):
        return "any"
    return " or ".join(condition.asked) or "another"


def _remedy(condition: Condition) -> str:
    has, asked = condition.has, " or ".join(condition.asked)
    if condition.excludes:
        return f"take {asked or has} out of {_values(condition)}"
    if condition.kind is Kind.HEADER:
        return _header_to_send(condition)
    if condition.kind is Kind.TOKEN:
        return f"send a token with {_wanted(condition)} there"
    if condition.kind is Kind.IDENTITY and not has:
        return "let the caller use mutual TLS"
    return f"add {has} to {_values(condition)}" if has else f"change {_values(condition)}"


def _header_to_send(condition: Condition) -> str:
    header = condition.fields[0].rpartition(" ")[2].partition("[")[2].removesuffix("]")
    if condition.asked == (ANYTHING,):
        return f"send a header {header}"
    return f"send a header `{header}: {condition.asked[0]}`"
