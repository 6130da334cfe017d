"""CorsPolicy: which foreign web pages may call."""

from enum import StrEnum

from loopmesh.model.routes.cors import CorsPolicy
from loopmesh.model.routes.text_match import TextMatch, TextMatchKind
from loopmesh.policies.fields import Fields
from loopmesh.policies.routes.header_names import HEADER
from loopmesh.policies.routes.text_match import read_text_match

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*")
MS_OF_S = 1000


class _UnmatchedPreflights(StrEnum):
    UNSPECIFIED = "UNSPECIFIED"
    FORWARD = "FORWARD"
    IGNORE = "IGNORE"


def read_cors(fields: Fields) -> CorsPolicy:
    """Istio `validateCORSPolicy`; `allowOrigin` is its older spelling of exact origins."""
    older = tuple(TextMatch(kind=TextMatchKind.EXACT, value=origin) for origin in fields.texts("allowOrigin"))
    origins = fields.objects("allowOrigins", _origin)
    unmatched = fields.choice("unmatchedPreflights", _UnmatchedPreflights)
    return CorsPolicy(
        origins=origins if fields.has("allowOrigins") else older,
        methods=fields.texts("allowMethods", _check_method),
        request_headers=fields.texts("allowHeaders", _check_header),
        exposed_headers=fields.texts("exposeHeaders", _check_header),
        max_age_s=_max_age(fields),
        credentials=fields.boolean("allowCredentials"),
        forward_unmatched_preflights=unmatched is not _UnmatchedPreflights.IGNORE,
    )


def _origin(fields: Fields) -> TextMatch:
    match = read_text_match(fields)
    if match.kind is TextMatchKind.EXACT and not match.value:
        fields.refuse("exact", "an empty origin matches nothing", "write an origin, or `*`")
    return match


def _max_age(fields: Fields) -> int | None:
    milliseconds = fields.duration_ms("maxAge")
    if milliseconds is not None and milliseconds % MS_OF_S:
        fields.refuse("maxAge", "an age is whole seconds", "write a number with s, m or h")
    return None if milliseconds is None else milliseconds // MS_OF_S


def _check_method(method: str) -> tuple[str, str] | None:
    return None if method in METHODS else ("this is no HTTP method", f"use one of {', '.join(METHODS)}")


def _check_header(name: str) -> tuple[str, str] | None:
    return None if HEADER.fullmatch(name) else ("this is no header name", "use letters, digits, `-` and `_`, or `*`")
