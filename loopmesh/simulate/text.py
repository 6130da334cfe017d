"""Conditions on a piece of text (envoy.type.matcher.v3.StringMatcher)."""

import functools

import re2
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from loopmesh.simulate.errors import NotSimulatedError


@functools.cache
def _compiled(pattern: str) -> "re2.Pattern[bytes]":
    """Envoy's RE2 reads bytes, not characters."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(pattern.encode(), options)


def matches_regex(pattern: str, text: str) -> bool:
    """The whole text, in RE2, as Envoy runs it."""
    return _compiled(pattern).fullmatch(text.encode()) is not None


def replace_regex(pattern: str, substitution: str, text: str) -> str:
    """Every match, replaced; groups are written `\\1`."""
    replaced: bytes = _compiled(pattern).sub(substitution.encode(), text.encode())
    return replaced.decode(errors="replace")


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
