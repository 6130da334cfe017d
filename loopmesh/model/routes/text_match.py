"""A condition on a piece of text."""

from dataclasses import dataclass
from enum import StrEnum


class TextMatchKind(StrEnum):
    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"
    PRESENT = "present"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMatch:
    """Regular expressions are RE2 and match the whole text; PRESENT has no value."""

    kind: TextMatchKind
    value: str = ""
