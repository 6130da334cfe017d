"""What would change: fields of a policy, and the parts of a proxy's configuration, both in mesh words."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
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
    """`path` leads through the policy as it is written: `spec.http[0].retries.attempts`, an item by its name where it
    alone has it; None stands for what is not there."""

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
    if type(before) is not type(after):
        return False
    if is_dataclass(before):
        names = [field.name for field in fields(before) if field.name not in PLACES]
        return all(mean_the_same(getattr(before, name), getattr(after, name)) for name in names)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return before.keys() == after.keys() and all(mean_the_same(value, after[key]) for key, value in before.items())
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        return len(before) == len(after) and all(map(mean_the_same, before, after))
    return before == after


def field_differences(before: object, after: object, path: str) -> Iterator[FieldDifference]:
    """Every field at which two values of YAML, which stand at `path`, say something else, and every list whose named
    items stand in another order; long texts are cut to what differs."""
    twice = {name for name, number in (Counter(_names(before)) | Counter(_names(after))).items() if number > 1}
    old, new = _inside(before, twice), _inside(after, twice)
    for step in dict.fromkeys([*old, *new]):
        yield from field_differences(old.get(step), new.get(step), f"{path}{step}")
    said, saying = _leaf(before, old, new), _leaf(after, new, old)
    if json.dumps(said) != json.dumps(saying):
        yield _difference(path, *_told_apart(said, saying))
    order, reordered = [step for step in old if step in new], [step for step in new if step in old]
    if isinstance(before, list) and order != reordered:
        yield _difference(path, ", ".join(map(_bare, order)), ", ".join(map(_bare, reordered)))


def _leaf(value: object, inside: Mapping[str, object], others: Mapping[str, object]) -> object:
    """A value that holds nothing; not an empty one, where what the other holds is told."""
    return None if inside or (others and value in ({}, [])) else value


def _inside(value: object, twice: Set[str]) -> dict[str, object]:
    """What a mapping or list holds by the step that leads to it, an item whose name no other has by its name, wherever
    it stands; nothing of other values, nor of a list of texts and numbers, which is told as a whole."""
    if isinstance(value, Mapping):
        return {f".{key}" if WORD.fullmatch(key) else f"[{key}]": inside for key, inside in value.items()}
    if not isinstance(value, list) or all(isinstance(inside, str | int) for inside in value):
        return {}
    return {f"[{number if name in ('', *twice) else name}]": value[number] for number, name in enumerate(_names(value))}


def _names(value: object) -> list[str]:
    """Of the items of a list; nothing where one has none, or a number, as those have that have no name."""
    items = value if isinstance(value, list) else []
    found = [item.get("name") if isinstance(item, Mapping) else None for item in items]
    return [name if isinstance(name, str) and not name.isdecimal() else "" for name in found]


def _bare(step: str) -> str:
    return step.strip("[].")


def _told_apart(before: object, after: object) -> tuple[str | None, str | None]:
    """As YAML spells them; as JSON where that is the same, as of the number 1 and the text."""
    if _text(before) != _text(after):
        return _text(before), _text(after)
    return json.dumps(before, ensure_ascii=False), json.dumps(after, ensure_ascii=False)


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and value:
        return ", ".join(str(_text(inside)) for inside in value)
    if isinstance(value, Mapping | list):
        return "{}" if isinstance(value, Mapping) else "[]"
    return None if value is None else str(value)


def _difference(path: str, said: str | None, saying: str | None) -> FieldDifference:
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(said or "", saying or "", strict=False))))
    return FieldDifference(path=path.lstrip("."), before=_shown(said, same), after=_shown(saying, same))


def _shown(text: str | None, same: int) -> str | None:
    """Of a long one the part about the first character after the `same` ones."""
    if text is None or len(text) <= LONGEST_SHOWN:
        return text
    start = max(same - LEAD, 0)
    end = start + LONGEST_SHOWN
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
