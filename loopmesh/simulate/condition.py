"""Conditions of an authorization rule that a call does not meet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from loopmesh.simulate.origin import Rule

WHEN = "when "


class Kind(StrEnum):
    """What a condition is about, as far as what helps hangs on it."""

    IDENTITY = "identity"
    """Known by a certificate."""
    ADDRESS = "address"
    TOKEN = "token"  # noqa: S105
    HEADER = "header"
    OPERATION = "operation"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`fields` are where it may stand in the rule, the likeliest first, as in `from[0].source.namespaces` or `when
    source.namespace`: the proxy's configuration does not tell all of them apart. None where it is none of Istio's.

    `asked` are its values in Istio's spelling; where it `excludes`, those that the call has. `has` is what the call has
    of it, empty for nothing.
    """

    kind: Kind
    fields: tuple[str, ...]
    excludes: bool
    asked: tuple[str, ...]
    has: str

    def places(self, rule: Rule) -> Iterator[Rule]:
        """Those of its fields that have a place of their own in the rule: what `when` asks is told by its key."""
        for one in self.fields:
            if not one.startswith(WHEN):
                yield replace(rule, place=f"{rule.place}.{one}")

    def narrowed(self, rule: Rule, stated: Mapping[Rule, bool]) -> "Condition":
        """Without the fields that the rule does not have."""
        missing = {place.place for place in self.places(rule) if not stated.get(place, True)}
        left = tuple(one for one in self.fields if f"{rule.place}.{one}" not in missing)
        return replace(self, fields=left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """Of the `from` and of the `to` that come nearest; what `when` asks for is with the one it is checked with."""

    caller: tuple[Condition, ...] = ()
    operation: tuple[Condition, ...] = ()


MET = Unmet()
