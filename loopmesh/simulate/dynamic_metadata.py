"""Conditions on what filters have said (envoy.type.matcher.v3.MetadataMatcher)."""

from collections.abc import Mapping
from typing import Any

from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher
from envoy.type.matcher.v3.value_pb2 import ValueMatcher

from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.text import matches_text


def matches_metadata(matcher: MetadataMatcher, metadata: Mapping[str, Any]) -> bool:
    """What is not there is null to the condition."""
    return _matches(matcher.value, said_by(matcher, metadata)) != bool(matcher.invert)


def said_by(matcher: MetadataMatcher, metadata: Mapping[str, Any]) -> Any:
    """What the condition is about; None where nothing was said."""
    found: Any = metadata.get(matcher.filter)
    for segment in matcher.path:
        found = found.get(segment.key) if isinstance(found, Mapping) else None
    return found


def _matches(matcher: ValueMatcher, value: Any) -> bool:
    match matcher.WhichOneof("match_pattern"):
        case "null_match":
            return value is None
        case "string_match":
            return isinstance(value, str) and matches_text(matcher.string_match, value)
        case "bool_match":
            return isinstance(value, bool) and value == bool(matcher.bool_match)
        case "present_match":
            return (value is not None) == bool(matcher.present_match)
        case "list_match":
            return isinstance(value, list) and any(_matches(matcher.list_match.one_of, one) for one in value)
        case "or_match":
            return any(_matches(one, value) for one in matcher.or_match.value_matchers)
        case kind:
            raise NotSimulatedError(f"a metadata matcher of kind {kind}")
