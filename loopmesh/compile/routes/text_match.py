"""Conditions on text, as Envoy's matchers."""

from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from loopmesh.model.routes.text_match import TextMatch, TextMatchKind


def string_matcher(text: TextMatch) -> StringMatcher:
    """For every kind but PRESENT, which Envoy says elsewhere."""
    if text.kind is TextMatchKind.REGEX:
        return StringMatcher(safe_regex=RegexMatcher(regex=text.value))
    return StringMatcher(**{text.kind.value: text.value})
