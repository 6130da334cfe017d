"""Extension providers that decide about calls: envoyExtAuthzGrpc and envoyExtAuthzHttp."""

import re
from collections.abc import Mapping
from dataclasses import replace

from loopmesh.model.provider import Authorizer, AuthorizerProtocol, HeaderPassing, RequestBody
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_host, check_label

MOST_BYTES = 2**32 - 1
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
NAME_RULE = "name it with lower-case letters, digits and `-`, at most 63"
"""Istio `validateProviderName`."""
UNHEEDED = {"clearRouteCache": "Istio's own generator does not heed it"}
STATUSES = frozenset(
    {100, *range(200, 209), 226, *range(300, 306), 307, 308, *range(400, 418), *range(421, 425), 426, 428, 429, 431}
    | {*range(500, 509), 510, 511}
)
"""Those Envoy can answer with (type/v3/http_status.proto)."""


def read_grpc_authorizer(name: str, fields: Fields) -> Authorizer:
    return _authorizer(name, AuthorizerProtocol.GRPC, UNHEEDED, fields)


def read_http_authorizer(name: str, fields: Fields) -> Authorizer:
    deprecated = {"includeHeadersInCheck": "Istio has deprecated it; write includeRequestHeadersInCheck"}
    return replace(
        _authorizer(name, AuthorizerProtocol.HTTP, deprecated | UNHEEDED, fields),
        path_prefix=fields.text("pathPrefix", check=_check_prefix) or "",
        headers=_headers(fields),
    )


def _authorizer(name: str, protocol: AuthorizerProtocol, unsupported: Mapping[str, str], fields: Fields) -> Authorizer:
    """What both kinds say."""
    if name and not NAME.fullmatch(name):
        fields.refuse(None, f"with an authorizer named `{name}` Istio denies every call", NAME_RULE)
    service, port = read_address(fields)
    fields.unsupported(unsupported)
    return Authorizer(
        name=name,
        protocol=protocol,
        service=service,
        port=port,
        timeout_ms=fields.duration_ms("timeout"),
        allow_on_failure=bool(fields.boolean("failOpen")),
        status_on_failure=_status(fields),
        body=fields.object("includeRequestBodyInCheck", _body),
        origin=fields.origin,
    )


def _headers(fields: Fields) -> HeaderPassing:
    return HeaderPassing(
        to_authorizer=fields.texts("includeRequestHeadersInCheck", _check_pattern),
        added_for_authorizer=fields.labels("includeAdditionalHeadersInCheck"),
        to_service_on_allow=fields.texts("headersToUpstreamOnAllow", _check_pattern),
        to_caller_on_allow=fields.texts("headersToDownstreamOnAllow", _check_pattern),
        to_caller_on_deny=fields.texts("headersToDownstreamOnDeny", _check_pattern),
    )


def _body(fields: Fields) -> RequestBody:
    if not fields.has("maxRequestBytes"):
        fields.refuse(None, "`maxRequestBytes` is required", "add how much of a body is sent")
    return RequestBody(
        max_bytes=fields.integer("maxRequestBytes", least=1, most=MOST_BYTES) or 0,
        partial=bool(fields.boolean("allowPartialMessage")),
        as_bytes=bool(fields.boolean("packAsBytes")),
    )


def _status(fields: Fields) -> int | None:
    text = fields.text("statusOnError", check=_check_status)
    return int(text) if text else None


def _check_status(text: str) -> tuple[str, str] | None:
    if text.isascii() and text.isdecimal() and len(text) == len("403") and int(text) in STATUSES:
        return None
    return "this is an HTTP status Envoy can answer with, as text", 'write one such as "403"'


def _check_prefix(text: str) -> tuple[str, str] | None:
    """Istio `validateExtensionProviderEnvoyExtAuthzHTTP`."""
    return None if text.startswith("/") else ("a path begins with `/`", "write it with `/`")


def _check_pattern(name: str) -> tuple[str, str] | None:
    """An exact name, `x*` or `*x`; the form that only asks for presence is not taken here."""
    if name == "*" or "*" in name[1:-1] or (name[0] == name[-1] == "*"):
        return "`*` stands at the start or the end of a header's name, once", "write one name per form"
    return None


def read_address(fields: Fields) -> tuple[str, int]:
    """The service and port of a provider."""
    service = fields.text("service", required=True, check=_check_service) or ""
    if not fields.has("port"):
        fields.refuse(None, "`port` is required", "add the service's port")
    return service, fields.integer("port", least=1, most=65535) or 0


def _check_service(text: str) -> tuple[str, str] | None:
    """`host` or `namespace/host`, the host fully qualified."""
    namespace, slash, host = text.rpartition("/")
    if slash and check_label(namespace):
        return "what stands before `/` is a namespace", "write `namespace/host`, or the host alone"
    if "." not in host or "*" in host or check_host(host):
        return "a provider's service is a full host name", "write it like auth.shop.svc.cluster.local"
    return None
