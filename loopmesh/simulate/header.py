"""Conditions on a header (envoy.config.route.v3.HeaderMatcher; Envoy `HeaderUtility::matchHeaders`)."""

import re

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher

from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.request import Request
from loopmesh.simulate.text import matches_regex, matches_text

WHOLE_NUMBER = re.compile(r"[+-]?\d+")


def matches_header(matcher: HeaderMatcher, request: Request) -> bool:
    """A header that is missing meets no condition on its value, not even an inverted one."""
    value = request.header(matcher.name)
    kind = matcher.WhichOneof("header_match_specifier") or "present_match"
    if kind == "present_match":
        wanted = matcher.present_match or not matcher.HasField("present_match")
        is_there = value is not None or bool(matcher.treat_missing_header_as_empty)
        return (is_there == wanted) != bool(matcher.invert_match)
    if value is None:
        if not matcher.treat_missing_header_as_empty:
            return False
        value = ""
    return _holds(matcher, kind, value) != bool(matcher.invert_match)


def _holds(matcher: HeaderMatcher, kind: str, value: str) -> bool:
    match kind:
        case "string_match":
            return matches_text(matcher.string_match, value)
        case "exact_match":
            return not matcher.exact_match or value == matcher.exact_match
        case "safe_regex_match":
            return matches_regex(matcher.safe_regex_match.regex, value)
        case "prefix_match":
            return value.startswith(matcher.prefix_match)
        case "suffix_match":
            return value.endswith(matcher.suffix_match)
        case "contains_match":
            return matcher.contains_match in value
        case "range_match":
            span = matcher.range_match
            return bool(WHOLE_NUMBER.fullmatch(value)) and span.start <= int(value) < span.end
        case _:
            raise NotSimulatedError(f"a header matcher of kind {kind}")
