"""Rewrites of path and host (Istio `applyHTTPRouteDestination`)."""

from envoy.config.route.v3.route_components_pb2 import RouteAction

from loopmesh.model.routes.rewrite import Rewrite


def apply_rewrite(action: RouteAction, rewrite: Rewrite | None) -> None:
    if rewrite is None:
        return
    if rewrite.substitution is not None:
        action.regex_rewrite.pattern.regex = rewrite.substitution.pattern
        action.regex_rewrite.substitution = rewrite.substitution.replacement
    elif rewrite.path:
        action.prefix_rewrite = rewrite.path
    if rewrite.authority:
        action.host_rewrite_literal = rewrite.authority
