"""What is written on every span besides Envoy's own tags."""

from dataclasses import dataclass
from enum import StrEnum


class TagKind(StrEnum):
    """Where the value comes from: written as it is, the proxy's environment, a request header, or a format."""

    LITERAL = "literal"
    ENVIRONMENT = "environment"
    HEADER = "header"
    FORMATTER = "formatter"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanTag:
    """`value` is the literal, the variable's or header's name, or the format; `default` stands in for a missing one."""

    name: str
    kind: TagKind
    value: str
    default: str = ""
