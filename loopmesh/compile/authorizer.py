"""Authorizers: services asked about a call before anything else decides (Envoy's ext_authz)."""

from collections.abc import Sequence

from envoy.config.core.v3.base_pb2 import HeaderValue
from envoy.config.core.v3.config_source_pb2 import V3
from envoy.config.core.v3.grpc_service_pb2 import GrpcService
from envoy.config.core.v3.http_uri_pb2 import HttpUri
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import (
    AuthorizationRequest,
    AuthorizationResponse,
    BufferSettings,
    ExtAuthz,
    HttpService,
)
from envoy.extensions.filters.network.ext_authz.v3.ext_authz_pb2 import ExtAuthz as NetworkExtAuthz
from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher
from envoy.type.matcher.v3.string_pb2 import ListStringMatcher, StringMatcher
from envoy.type.matcher.v3.value_pb2 import ValueMatcher
from envoy.type.v3.http_status_pb2 import HttpStatus

from loopmesh.compile import names
from loopmesh.compile.messages import duration
from loopmesh.compile.noted import noted
from loopmesh.compile.text_pattern import text_matcher
from loopmesh.model.provider import Authorizer, AuthorizerProtocol, HeaderPassing

DEFAULT_TIMEOUT_MS = 600_000
NOTE = "istio_ext_authz_shadow_effective_policy_id"
"""Where the rules before it note which of them asks for the authorizer."""


def http_authorizer(authorizer: Authorizer, rules_filter: str, mark: str) -> ExtAuthz:
    """Asked when a rule whose name begins with `mark` was noted by `rules_filter`."""
    found = ExtAuthz(
        transport_api_version=V3,
        failure_mode_allow=authorizer.allow_on_failure,
        filter_enabled_metadata=_asked(rules_filter, mark),
        allowed_headers=_header_names(authorizer.headers.to_authorizer),
    )
    if authorizer.status_on_failure is not None:
        found.status_on_error.CopyFrom(HttpStatus(code=authorizer.status_on_failure))
    if authorizer.body is not None:
        body = authorizer.body
        found.with_request_body.CopyFrom(
            BufferSettings(
                max_request_bytes=body.max_bytes, allow_partial_message=body.partial, pack_as_bytes=body.as_bytes
            )
        )
    if authorizer.protocol is AuthorizerProtocol.GRPC:
        found.grpc_service.CopyFrom(_grpc_service(authorizer))
    else:
        found.http_service.CopyFrom(_http_service(authorizer))
    return found


def network_authorizer(authorizer: Authorizer, rules_filter: str, mark: str) -> NetworkExtAuthz:
    """For connections; only an authorizer that speaks gRPC can be asked about them."""
    return NetworkExtAuthz(
        stat_prefix="tcp.",
        transport_api_version=V3,
        failure_mode_allow=authorizer.allow_on_failure,
        grpc_service=_grpc_service(authorizer),
        filter_enabled_metadata=_asked(rules_filter, mark),
    )


def _asked(rules_filter: str, mark: str) -> MetadataMatcher:
    return noted(rules_filter, [NOTE], ValueMatcher(string_match=StringMatcher(prefix=mark)))


def _host(authorizer: Authorizer) -> str:
    return authorizer.service.rpartition("/")[2]


def _cluster(authorizer: Authorizer) -> str:
    return names.outbound_cluster(authorizer.port, "", _host(authorizer))


def _grpc_service(authorizer: Authorizer) -> GrpcService:
    target = GrpcService.EnvoyGrpc(cluster_name=_cluster(authorizer), authority=_host(authorizer))
    return GrpcService(envoy_grpc=target, timeout=duration(authorizer.timeout_ms or DEFAULT_TIMEOUT_MS))


def _http_service(authorizer: Authorizer) -> HttpService:
    timeout = duration(authorizer.timeout_ms or DEFAULT_TIMEOUT_MS)
    uri = HttpUri(uri=f"http://{_host(authorizer)}", cluster=_cluster(authorizer), timeout=timeout)
    headers = authorizer.headers
    service = HttpService(path_prefix=authorizer.path_prefix, server_uri=uri)
    if headers.added_for_authorizer:
        added = [HeaderValue(key=name, value=value) for name, value in sorted(headers.added_for_authorizer.items())]
        service.authorization_request.CopyFrom(AuthorizationRequest(headers_to_add=added))
    if headers.to_service_on_allow or headers.to_caller_on_allow or headers.to_caller_on_deny:
        service.authorization_response.CopyFrom(_response(headers))
    return service


def _response(headers: HeaderPassing) -> AuthorizationResponse:
    return AuthorizationResponse(
        allowed_upstream_headers=_header_names(headers.to_service_on_allow),
        allowed_client_headers=_header_names(headers.to_caller_on_deny),
        allowed_client_headers_on_success=_header_names(headers.to_caller_on_allow),
    )


def _header_names(names_of_headers: Sequence[str]) -> ListStringMatcher | None:
    """None for none, which is not the same as a list without patterns."""
    patterns = [text_matcher(name, ignore_case=True) for name in names_of_headers]
    return ListStringMatcher(patterns=patterns) if patterns else None
