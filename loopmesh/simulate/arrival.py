"""What a connection manager looks at before anything else: the names of headers, then the path."""

from dataclasses import replace
from http import HTTPStatus

from envoy.config.core.v3.protocol_pb2 import HttpProtocolOptions
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)

from loopmesh.simulate.check import Check
from loopmesh.simulate.path import normalise_path
from loopmesh.simulate.request import Request


def take_request(manager: HttpConnectionManager, request: Request) -> tuple[Request, Check | None]:
    """The request without the headers the manager drops and with its path in order; and its refusal if there is one."""
    taken, refusal = _take_header_names(manager, request)
    path = normalise_path(taken.path, manager)
    if refusal is None and path is None:
        refusal = _refused("PATH", f"path {taken.path} has a byte 0")
    return replace(taken, path=taken.path if path is None else path), refusal


def _take_header_names(manager: HttpConnectionManager, request: Request) -> tuple[Request, Check | None]:
    action = manager.common_http_protocol_options.headers_with_underscores_action
    found = [name for name in request.headers if "_" in name]
    if not found or action == HttpProtocolOptions.ALLOW:
        return request, None
    if action == HttpProtocolOptions.DROP_HEADER:
        kept = {name: value for name, value in request.headers.items() if name not in found}
        return replace(request, headers=kept), None
    return request, _refused("HEADERS", f"header {found[0]} has an underscore in its name")


def _refused(action: str, reason: str) -> Check:
    return Check(action=action, passed=False, status=HTTPStatus.BAD_REQUEST, reason=reason)
