"""What would change: fields of a policy, and the parts of a proxy's configuration, both in mesh words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from itertools import takewhile

from loopmesh.model.policy import PolicyName, Source

PLACES = ("source", "origin")
"""Where something was read is no part of what it says."""
LONGEST_SHOWN = 60
LEAD = 20
"""Characters shown before the first that differs, where not all are."""
WORD = re.compile(r"[\w-]+")


class Change(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Part(StrEnum):
    """What a proxy's configuration is made of."""

    ROUTE = "route"
    DESTINATION = "destination"
    INSTANCES = "instances"
    AUTHORIZATION_RULE = "authorization rule"
    TOKENS = "tokens"
    LISTENER = "listener"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PartDifference:
    """`name` says which one: `orders.shop.svc.cluster.local:50051`, `AuthorizationPolicy shop/orders, rule 0`."""

    part: Part
    name: str
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDifference:
    """`path` leads through the policy as it is written: `spec.http[0].retries.attempts`, an item that has a name by its
    name; None stands for what is not there."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDifference:
    policy: PolicyName
    change: Change
    source: Source
    fields: tuple[FieldDifference, ...] = ()


def mean_the_same(before: object, after: object) -> bool:
    """Two values of the model, wherever they were read."""
    return dict(_leaves(before, "")) == dict(_leaves(after, ""))


def field_differences(before: object, after: object, path: str) -> Iterator[FieldDifference]:
    """Every field at which two values of YAML, which stand at `path`, say something else; long ones are cut to that."""
    old, new = dict(_leaves(before, path)), dict(_leaves(after, path))
    for field in dict.fromkeys([*old, *new]):
        said, saying = old.get(field), new.get(field)
        if said != saying:
            same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(said or "", saying or "", strict=False))))
            yield FieldDifference(path=field.lstrip("."), before=_shown(said, same), after=_shown(saying, same))


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            if field.name not in PLACES:
                yield from _leaves(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, Mapping) and value:
        for key, inside in value.items():
            yield from _leaves(inside, f"{path}.{key}" if WORD.fullmatch(str(key)) else f"{path}[{key}]")
    elif isinstance(value, Sequence) and value and not isinstance(value, str | bytes):
        if all(isinstance(inside, str | int) for inside in value):
            yield path, ", ".join(map(_text, value))
            return
        for number, inside in enumerate(value):
            yield from _leaves(inside, f"{path}[{_named(inside, number)}]")
    elif value is not None:
        yield path, _text(value)


def _named(value: object, number: int) -> str:
    """What has a name is found by it wherever it stands."""
    name = value.get("name") if isinstance(value, Mapping) else getattr(value, "name", "")
    return name if isinstance(name, str) and name else str(number)


def _text(value: object) -> str:
    """As YAML spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | Sequence) and not value and not isinstance(value, str | bytes):
        return "{}" if isinstance(value, Mapping) else "[]"
    return value.hex() if isinstance(value, bytes) else str(value)


def _shown(text: str | None, same: int) -> str | None:
    """Of a long one the part about the first character after the `same` ones."""
    if text is None or len(text) <= LONGEST_SHOWN:
        return text
    start = max(same - LEAD, 0)
    end = start + LONGEST_SHOWN
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
