"""Header names that a connection manager does not take; Envoy looks at them before anything else."""

from dataclasses import replace
from http import HTTPStatus

from envoy.config.core.v3.protocol_pb2 import HttpProtocolOptions
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)

from loopmesh.simulate.check import Check
from loopmesh.simulate.request import Request

ACTION = "HEADERS"


def take_header_names(manager: HttpConnectionManager, request: Request) -> tuple[Request, Check | None]:
    """The request without the headers the manager drops, and its refusal if there is one."""
    action = manager.common_http_protocol_options.headers_with_underscores_action
    found = [name for name in request.headers if "_" in name]
    if not found or action == HttpProtocolOptions.ALLOW:
        return request, None
    if action == HttpProtocolOptions.DROP_HEADER:
        kept = {name: value for name, value in request.headers.items() if name not in found}
        return replace(request, headers=kept), None
    reason = f"header {found[0]} has an underscore in its name"
    return request, Check(action=ACTION, passed=False, status=HTTPStatus.BAD_REQUEST, reason=reason)
