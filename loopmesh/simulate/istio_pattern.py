"""Matchers of authorization rules as Istio's API writes them: exact, `x*`, `*x`, `*`; ranges; paths with templates."""

import re

from envoy.config.core.v3.address_pb2 import CidrRange
from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from envoy.type.matcher.v3.value_pb2 import ValueMatcher

ANYTHING = ".+"
QUOTED = re.compile(r"\\(.)")
FULL_LENGTHS = (32, 128)
TEMPLATE_PART = re.compile(r"\*\*|\*")


def pattern(matcher: StringMatcher, *, before: str = "") -> str:
    """`before` is what the compiler has put before every full value."""
    match matcher.WhichOneof("match_pattern"):
        case "exact":
            return str(matcher.exact).removeprefix(before)
        case "prefix":
            return f"{matcher.prefix.removeprefix(before)}*"
        case "suffix":
            return f"*{matcher.suffix}"
        case "safe_regex":
            return regex_pattern(matcher.safe_regex.regex.removeprefix(before))
        case _:
            return "?"


def regex_pattern(regex: str) -> str:
    """Of the regular expressions that stand for patterns; another one stays as it is."""
    if regex == ANYTHING:
        return "*"
    return QUOTED.sub(r"\1", regex.replace(".*", "*"))


def header_pattern(matcher: HeaderMatcher) -> str:
    return pattern(matcher.string_match) if matcher.HasField("string_match") else "*"


def range_words(found: CidrRange) -> str:
    length = found.prefix_len.value
    return found.address_prefix if length in FULL_LENGTHS else f"{found.address_prefix}/{length}"


def template_words(template: str) -> str:
    return TEMPLATE_PART.sub(lambda found: f"{{{found.group()}}}", template)


def value_patterns(matcher: ValueMatcher) -> tuple[str, ...]:
    """Each once: a claim may be a text or a list that holds it."""
    match matcher.WhichOneof("match_pattern"):
        case "string_match":
            return (pattern(matcher.string_match),)
        case "list_match":
            return value_patterns(matcher.list_match.one_of)
        case "or_match":
            inside = (said for one in matcher.or_match.value_matchers for said in value_patterns(one))
            return tuple(dict.fromkeys(inside))
        case _:
            return ()
