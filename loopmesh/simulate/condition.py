"""Conditions of an authorization rule that a call does not meet."""

from dataclasses import dataclass
from enum import StrEnum

WHEN = "when "
"""Stands before a key of `when` in place of a field."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """Of the `from` and of the `to` that come nearest; what `when` asks for is with the one it is checked with."""

    caller: tuple[Condition, ...] = ()
    operation: tuple[Condition, ...] = ()


MET = Unmet()
