"""Where an authorization rule states a condition.

The proxies' configuration does not tell a field of `from` or `to` from the same asked by `when`, nor one item of `when`
from another: what the policy says there does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from loopmesh.simulate.condition import WHEN, Condition
from loopmesh.simulate.origin import Rule

Said = Mapping[Rule, Any]
"""By place, what a policy says there, as of YAML; without places where it says nothing."""


def asked_places(condition: Condition, rule: Rule) -> Iterator[Rule]:
    """Those that tell where it is stated."""
    for field in condition.fields:
        key = field.startswith(WHEN)
        yield replace(rule, place=f"{rule.place}.{WHEN.rstrip() if key else field}")


def stated(condition: Condition, rule: Rule, said: Said) -> Condition:
    """With the fields only that the rule has, items of `when` with their numbers (`when[1] source.ip`); best with one
    whose values are those of the condition. The condition itself where nothing is known of the rule."""
    found = [
        (name, values)
        for field, place in zip(condition.fields, asked_places(condition, rule), strict=True)
        for name, values in _statements(field, said.get(place), excludes=condition.excludes)
    ]
    same = [name for name, values in found if set(condition.asked) <= set(map(str, values))]
    fields = same or [name for name, _ in found] or condition.fields
    return replace(condition, fields=tuple(fields))


def _statements(field: str, said: Any, *, excludes: bool) -> Iterator[tuple[str, Sequence[Any]]]:
    """The field with its values, or each item of `when` with its key."""
    if said is None:
        return
    if not field.startswith(WHEN):
        yield field, said
        return
    key = field.removeprefix(WHEN)
    for number, item in enumerate(said):
        values = item.get("notValues" if excludes else "values")
        if values and item.get("key", "").lower() == key.lower():
            yield f"{WHEN.rstrip()}[{number}] {key}", values
