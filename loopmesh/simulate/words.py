"""Conditions in words, as in `the path starts with /beta`."""

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, QueryParameterMatcher, RouteMatch
from envoy.extensions.path.match.uri_template.v3.uri_template_match_pb2 import UriTemplateMatchConfig
from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from envoy.type.matcher.v3.value_pb2 import ValueMatcher

from loopmesh.simulate.proxy import unpack
from loopmesh.simulate.token import FILTER as TOKEN_FILTER

VERBS = {"exact": "is", "prefix": "starts with", "suffix": "ends with", "contains": "contains"}
PSEUDO = {":method": "the method", ":authority": "the authority", ":path": "the path", ":scheme": "the scheme"}
CLAIMS = (TOKEN_FILTER, "payload")
PATH_VERBS = {"path": "is", "prefix": "starts with", "path_separated_prefix": "is or is below"}


def path_words(match: RouteMatch) -> str:
    kind = match.WhichOneof("path_specifier")
    if kind == "safe_regex":
        return f"the path matches {match.safe_regex.regex}"
    if kind == "path_match_policy":
        template = unpack(match.path_match_policy.typed_config, UriTemplateMatchConfig)
        return f"the path fits {template.path_template if template else '?'}"
    return f"the path {PATH_VERBS.get(kind or '', 'is')} {getattr(match, kind) if kind else '?'}"


def header_words(matcher: HeaderMatcher) -> str:
    name = PSEUDO.get(matcher.name, f"header {matcher.name}")
    kind = matcher.WhichOneof("header_match_specifier") or "present_match"
    if kind == "present_match":
        is_there = (matcher.present_match or not matcher.HasField("present_match")) != matcher.invert_match
        return f"{name} is {'there' if is_there else 'not there'}"
    text = text_words(matcher.string_match) if kind == "string_match" else f"{kind} {getattr(matcher, kind)}"
    return f"not ({name} {text})" if matcher.invert_match else f"{name} {text}"


def query_words(matcher: QueryParameterMatcher) -> str:
    if matcher.HasField("string_match"):
        return f"parameter {matcher.name} {text_words(matcher.string_match)}"
    return f"parameter {matcher.name} is there"


def metadata_words(matcher: MetadataMatcher) -> str:
    """Istio's conditions on claims are ones on what the filter for tokens has noted of them."""
    first, *rest = (segment.key for segment in matcher.path)
    is_claim = (matcher.filter, first) == CLAIMS
    name = f"claim {'.'.join(rest)} of the token" if is_claim else f"{matcher.filter} {'.'.join((first, *rest))}"
    text = f"{name} {value_words(matcher.value)}"
    return f"not ({text})" if matcher.invert else text


def value_words(matcher: ValueMatcher) -> str:
    match matcher.WhichOneof("match_pattern"):
        case "string_match":
            return text_words(matcher.string_match)
        case "list_match":
            return value_words(matcher.list_match.one_of)
        case "or_match":
            return " or ".join(dict.fromkeys(map(value_words, matcher.or_match.value_matchers)))
        case "present_match":
            return "is there" if matcher.present_match else "is not there"
        case _:
            return "is as asked"


def text_words(matcher: StringMatcher) -> str:
    kind = matcher.WhichOneof("match_pattern")
    if kind == "safe_regex":
        return f"matches {matcher.safe_regex.regex}"
    return f"{VERBS.get(kind or '', 'is')} {getattr(matcher, kind) if kind else '?'}"
