"""What would change: fields of a policy, and the parts of a proxy's configuration, both in mesh words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum

from loopmesh.model.policy import PolicyName, Source

PLACES = ("source", "origin")
"""Where something was read is no part of what it says."""
LONGEST_SHOWN = 60


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
    """`path` leads through the model: `routes[0].retry.attempts`; None stands for what is not there."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDifference:
    policy: PolicyName
    change: Change
    source: Source
    fields: tuple[FieldDifference, ...] = ()


def field_differences(before: object, after: object) -> Iterator[FieldDifference]:
    """Every field that says something else in the two, which are values of the model."""
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    for path in dict.fromkeys([*old, *new]):
        if old.get(path) != new.get(path):
            yield FieldDifference(path=path, before=old.get(path), after=new.get(path))


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            if field.name not in PLACES:
                yield from _leaves(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))
    elif isinstance(value, Mapping):
        for key, inside in value.items():
            yield from _leaves(inside, f"{path}[{key}]")
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if all(isinstance(inside, str | int) for inside in value):
            yield from _leaves(", ".join(map(str, value)) or None, path)
            return
        for number, inside in enumerate(value):
            yield from _leaves(inside, f"{path}[{_named(inside, number)}]")
    elif value is not None:
        yield path, _shown(value)


def _named(value: object, number: int) -> str:
    """What has a name is found by it wherever it stands."""
    return str(getattr(value, "name", "")) or str(number)


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
