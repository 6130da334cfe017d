"""Conditions on a piece of text (envoy.type.matcher.v3.StringMatcher)."""

import functools

import re2
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from loopmesh.simulate.errors import NotSimulatedError


@functools.cache
def _compiled(pattern: str) -> "re2.Pattern[str]":
    return re2.compile(pattern)


def matches_regex(pattern: str, text: str) -> bool:
    """The whole text, in RE2, as Envoy runs it."""
    return _compiled(pattern).fullmatch(text) is not None


def replace_regex(pattern: str, substitution: str, text: str) -> str:
    """Every match, replaced; groups are written `\\1`."""
    return str(_compiled(pattern).sub(substitution, text))


def matches_text(matcher: StringMatcher, text: str) -> bool:
    kind = matcher.WhichOneof("match_pattern")
    if kind == "safe_regex":
        return matches_regex(matcher.safe_regex.regex, text)
    wanted: str = getattr(matcher, kind) if kind in ("exact", "prefix", "suffix", "contains") else ""
    if matcher.ignore_case:
        wanted, text = wanted.lower(), text.lower()
    match kind:
        case "exact":
            return text == wanted
        case "prefix":
            return text.startswith(wanted)
        case "suffix":
            return text.endswith(wanted)
        case "contains":
            return wanted in text
        case _:
            raise NotSimulatedError(f"a text matcher of kind {kind}")
