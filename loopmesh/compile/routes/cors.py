"""Which foreign web pages may call (Istio `TranslateCORSPolicy`): the filter on every way out, and a route's policy."""

from envoy.extensions.filters.http.cors.v3.cors_pb2 import Cors
from envoy.extensions.filters.http.cors.v3.cors_pb2 import CorsPolicy as EnvoyCorsPolicy

from loopmesh.compile.connection_manager import NamedFilter
from loopmesh.compile.routes.percentage import share
from loopmesh.compile.routes.text_match import string_matcher
from loopmesh.model.routes.cors import CorsPolicy

FILTER = "envoy.filters.http.cors"
ALWAYS = 100.0


def cors_filter() -> NamedFilter:
    """Does nothing until a route says so."""
    return NamedFilter(place=FILTER, name=FILTER, config=Cors())


def route_cors(policy: CorsPolicy) -> EnvoyCorsPolicy:
    result = EnvoyCorsPolicy(
        allow_origin_string_match=map(string_matcher, policy.origins),
        allow_methods=",".join(policy.methods),
        allow_headers=",".join(policy.request_headers),
        expose_headers=",".join(policy.exposed_headers),
        filter_enabled=share(ALWAYS),
    )
    result.forward_not_matching_preflights.value = policy.forward_unmatched_preflights
    if policy.credentials is not None:
        result.allow_credentials.value = policy.credentials
    if policy.max_age_s is not None:
        result.max_age = str(policy.max_age_s)
    return result
