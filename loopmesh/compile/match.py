"""Conditions of a route, as Envoy's matchers."""

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, RouteMatch
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from loopmesh.model.routing import RequestMatch, TextMatch, TextMatchKind


def route_match(match: RequestMatch) -> RouteMatch:
    """Every condition of the match; headers in the order of their names, as Istio sorts them."""
    result = RouteMatch()
    _set_path(result, match.path)
    if match.ignore_path_case:
        result.case_sensitive.value = False
    conditions = {name: match.headers[name] for name in sorted(match.headers)}
    conditions |= {":method": match.method} if match.method else {}
    conditions |= {":authority": match.authority} if match.authority else {}
    result.headers.extend(_header(name, text) for name, text in conditions.items())
    return result


def _set_path(result: RouteMatch, path: TextMatch | None) -> None:
    if path is None or path.kind is TextMatchKind.PRESENT:
        result.prefix = "/"
    elif path.kind is TextMatchKind.EXACT:
        result.path = path.value
    elif path.kind is TextMatchKind.PREFIX:
        result.prefix = path.value
    else:
        result.safe_regex.regex = path.value


def _header(name: str, text: TextMatch) -> HeaderMatcher:
    if text.kind is TextMatchKind.PRESENT:
        return HeaderMatcher(name=name, present_match=True)
    return HeaderMatcher(name=name, string_match=string_matcher(text))


def string_matcher(text: TextMatch) -> StringMatcher:
    if text.kind is TextMatchKind.REGEX:
        return StringMatcher(safe_regex=RegexMatcher(regex=text.value))
    return StringMatcher(**{text.kind.value: text.value})
