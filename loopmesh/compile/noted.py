"""Conditions on what a filter noted about a request or connection (Envoy's dynamic metadata)."""

from collections.abc import Sequence

from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from envoy.type.matcher.v3.value_pb2 import ListMatcher, OrMatcher, ValueMatcher

from loopmesh.compile.text_pattern import text_matcher

TOKEN_FILTER = "envoy.filters.http.jwt_authn"  # noqa: S105
TOKEN_PAYLOAD = "payload"  # noqa: S105
"""Where the filter notes the claims of a token it has checked."""


def noted(filter_name: str, path: Sequence[str], value: ValueMatcher) -> MetadataMatcher:
    segments = [MetadataMatcher.PathSegment(key=key) for key in path]
    return MetadataMatcher(filter=filter_name, path=segments, value=value)


def claim_text(claim: str, matcher: StringMatcher) -> MetadataMatcher:
    """A claim that is a text."""
    return noted(TOKEN_FILTER, [TOKEN_PAYLOAD, claim], ValueMatcher(string_match=matcher))


def claim_values(path: Sequence[str], values: Sequence[str]) -> MetadataMatcher:
    """A claim that is one of the values or a list that holds one."""
    value = any_value([ValueMatcher(string_match=text_matcher(value)) for value in values])
    either = OrMatcher(value_matchers=[in_list(value), value])
    return noted(TOKEN_FILTER, [TOKEN_PAYLOAD, *path], ValueMatcher(or_match=either))


def in_list(value: ValueMatcher) -> ValueMatcher:
    return ValueMatcher(list_match=ListMatcher(one_of=value))


def any_value(values: list[ValueMatcher]) -> ValueMatcher:
    return values[0] if len(values) == 1 else ValueMatcher(or_match=OrMatcher(value_matchers=values))
