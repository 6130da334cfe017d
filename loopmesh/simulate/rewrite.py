"""What a route changes of the request before it goes on; the server's policies see the changed one."""

from collections.abc import Iterable
from dataclasses import replace

from envoy.config.core.v3.base_pb2 import HeaderValueOption
from envoy.config.route.v3.route_components_pb2 import Route, RouteAction, VirtualHost, WeightedCluster
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.request import Request
from loopmesh.simulate.text import replace_regex

AUTHORITY = (":authority", "host")


def forwarded_request(
    routes: RouteConfiguration,
    host: VirtualHost,
    route: Route,
    cluster: WeightedCluster.ClusterWeight,
    request: Request,
) -> Request:
    """Headers change from the narrowest level to the widest, then path and authority (`finalizeRequestHeaders`)."""
    for level in (cluster, route, host, routes):
        request = with_headers(request, level.request_headers_to_add, level.request_headers_to_remove)
    action = route.route
    path = _path(route, request)
    authority = cluster.host_rewrite_literal or _authority(action, request)
    return replace(request, path=path, authority=authority)


def with_headers(request: Request, added: Iterable[HeaderValueOption], removed: Iterable[str]) -> Request:
    """Removal comes first."""
    headers = {name: value for name, value in request.headers.items() if name not in {one.lower() for one in removed}}
    authority = request.authority
    for option in added:
        name, value = option.header.key.lower(), option.header.value
        if name in AUTHORITY:
            authority = value
            continue
        before = headers.get(name)
        match option.append_action:
            case HeaderValueOption.APPEND_IF_EXISTS_OR_ADD:
                headers[name] = value if before is None else f"{before},{value}"
            case HeaderValueOption.ADD_IF_ABSENT:
                headers.setdefault(name, value)
            case HeaderValueOption.OVERWRITE_IF_EXISTS if before is None:
                pass
            case _:
                headers[name] = value
    return replace(request, headers=headers, authority=authority)


def _path(route: Route, request: Request) -> str:
    action = route.route
    if action.HasField("path_rewrite_policy") or action.path_rewrite:
        raise NotSimulatedError("a rewrite of the path by a template")
    bare = request.bare_path
    rest = request.path[len(bare) :]
    if action.HasField("regex_rewrite"):
        rewrite = action.regex_rewrite
        return replace_regex(rewrite.pattern.regex, rewrite.substitution, bare) + rest
    if not action.prefix_rewrite:
        return request.path
    matched = route.match.prefix or route.match.path_separated_prefix or bare
    return str(action.prefix_rewrite) + bare[len(matched) :] + rest


def _authority(action: RouteAction, request: Request) -> str:
    match action.WhichOneof("host_rewrite_specifier"):
        case "host_rewrite_literal":
            return str(action.host_rewrite_literal)
        case "host_rewrite_header":
            return request.headers.get(action.host_rewrite_header.lower()) or request.authority
        case "host_rewrite_path_regex":
            rewrite = action.host_rewrite_path_regex
            return replace_regex(rewrite.pattern.regex, rewrite.substitution, request.bare_path)
        case _:
            return request.authority
