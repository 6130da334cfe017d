"""Conditions on a query parameter (envoy.config.route.v3.QueryParameterMatcher)."""

from envoy.config.route.v3.route_components_pb2 import QueryParameterMatcher

from loopmesh.simulate.request import Request
from loopmesh.simulate.text import matches_text


def matches_query(matcher: QueryParameterMatcher, request: Request) -> bool:
    """On the first value of the parameter, undecoded, as Envoy compares it."""
    value = next((value for name, value in _parameters(request.query) if name == matcher.name), None)
    if value is None:
        return matcher.WhichOneof("query_parameter_match_specifier") == "present_match" and not matcher.present_match
    if matcher.WhichOneof("query_parameter_match_specifier") == "string_match":
        return matches_text(matcher.string_match, value)
    return bool(matcher.present_match) or not matcher.HasField("present_match")


def _parameters(query: str) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in query.split("&") if part]
    return [(name, value) for name, _, value in parts]
