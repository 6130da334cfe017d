"""Conditions of a route, as Envoy's matchers (Istio `TranslateRouteMatch`)."""

from collections.abc import Iterator, Mapping

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, QueryParameterMatcher, RouteMatch
from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher
from envoy.type.matcher.v3.value_pb2 import ListMatcher, OrMatcher, ValueMatcher

from loopmesh.compile.routes.text_match import string_matcher
from loopmesh.model.routes.request_match import Claim, RequestMatch
from loopmesh.model.routes.text_match import TextMatch, TextMatchKind

CLAIMS_FILTER = "envoy.filters.http.jwt_authn"
CLAIMS = "payload"
"""Where Istio keeps the claims of a valid token: under this key of the filter's metadata."""


def route_match(match: RequestMatch) -> RouteMatch:
    """Every condition on the request; headers in the order of their names, as Istio sorts them."""
    result = RouteMatch()
    _set_path(result, match.path)
    result.case_sensitive.value = not match.ignore_path_case
    headers = [*_headers(match.headers), *_without(match.without_headers)]
    pseudo = {":method": match.method, ":authority": match.authority, ":scheme": match.scheme}
    result.headers.extend(sorted(headers, key=lambda header: header.name))
    result.headers.extend(_header(name, text) for name, text in pseudo.items() if text is not None)
    result.query_parameters.extend(_query(name, text) for name, text in sorted(match.query.items()))
    result.dynamic_metadata.extend(map(_claim, match.claims))
    return result


def takes_everything(match: RouteMatch) -> bool:
    """Nothing after it can be reached (Istio `IsCatchAllRoute`)."""
    any_path = match.prefix == "/" or match.safe_regex.regex == ".*"
    return any_path and not (match.headers or match.query_parameters or match.dynamic_metadata)


def _set_path(result: RouteMatch, path: TextMatch | None) -> None:
    if path is None or path.kind is TextMatchKind.PRESENT:
        result.prefix = "/"
    elif path.kind is TextMatchKind.EXACT:
        result.path = path.value
    elif path.kind is TextMatchKind.PREFIX:
        result.prefix = path.value
    else:
        result.safe_regex.regex = path.value


def _headers(conditions: Mapping[str, TextMatch]) -> Iterator[HeaderMatcher]:
    for name, text in conditions.items():
        yield _header(name, text)


def _header(name: str, text: TextMatch) -> HeaderMatcher:
    if text.kind is TextMatchKind.PRESENT:
        return HeaderMatcher(name=name, present_match=True)
    return HeaderMatcher(name=name, string_match=string_matcher(text))


def _without(conditions: Mapping[str, TextMatch]) -> Iterator[HeaderMatcher]:
    """A header that is missing differs from every text."""
    for matcher in _headers(conditions):
        matcher.invert_match = True
        matcher.treat_missing_header_as_empty = not matcher.present_match
        yield matcher


def _query(name: str, text: TextMatch) -> QueryParameterMatcher:
    if text.kind is TextMatchKind.PRESENT:
        return QueryParameterMatcher(name=name, present_match=True)
    return QueryParameterMatcher(name=name, string_match=string_matcher(text))


def _claim(claim: Claim) -> MetadataMatcher:
    """A claim is a text or a list of texts (Istio `MetadataMatcherForJWTClaims`)."""
    value = ValueMatcher(string_match=string_matcher(claim.text))
    either = OrMatcher(value_matchers=[ValueMatcher(list_match=ListMatcher(one_of=value)), value])
    path = [MetadataMatcher.PathSegment(key=key) for key in (CLAIMS, *claim.path)]
    return MetadataMatcher(filter=CLAIMS_FILTER, path=path, value=ValueMatcher(or_match=either), invert=claim.absent)
