"""A browser's question whether a page may call (CORS preflight), which the proxy answers where a policy covers it."""

from http import HTTPStatus

from envoy.extensions.filters.http.cors.v3.cors_pb2 import CorsPolicy

from loopmesh.simulate.check import Check
from loopmesh.simulate.fraction import percent
from loopmesh.simulate.request import Request
from loopmesh.simulate.text import matches_text

ACTION = "CORS"


def is_preflight(request: Request) -> bool:
    asks = request.headers.get("access-control-request-method")
    return request.method == "OPTIONS" and bool(request.headers.get("origin")) and bool(asks)


def check_preflight(policy: CorsPolicy, request: Request) -> Check | None:
    """None for a request that goes on: no preflight, or one of a page the policy does not know and passes on."""
    if not is_preflight(request) or not _is_on(policy):
        return None
    origin = request.headers["origin"]
    is_known = any(matches_text(one, origin) for one in policy.allow_origin_string_match)
    passes_on = not policy.HasField("forward_not_matching_preflights") or policy.forward_not_matching_preflights.value
    if not is_known and passes_on:
        return None
    words = f"the page {origin} {'may' if is_known else 'may not'} call"
    return Check(action=ACTION, passed=False, status=HTTPStatus.OK, reason=words)


def _is_on(policy: CorsPolicy) -> bool:
    return not policy.HasField("filter_enabled") or percent(policy.filter_enabled.default_value) > 0
