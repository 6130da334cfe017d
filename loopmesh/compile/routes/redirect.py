"""Redirects (Istio `ApplyRedirect`)."""

from envoy.config.route.v3.route_components_pb2 import RedirectAction

from loopmesh.model.routes.redirect import Redirect

CODES = {
    301: RedirectAction.MOVED_PERMANENTLY,
    302: RedirectAction.FOUND,
    303: RedirectAction.SEE_OTHER,
    307: RedirectAction.TEMPORARY_REDIRECT,
    308: RedirectAction.PERMANENT_REDIRECT,
}
DEFAULT_PORTS = {"http": 80, "https": 443}


def redirect_action(redirect: Redirect, request_port: int, *, secure: bool) -> RedirectAction:
    """`request_port` is the port of the gateway or service the route is for; a scheme's own port is not written."""
    action = RedirectAction(response_code=CODES[redirect.code], host_redirect=redirect.authority or "")
    if redirect.prefix:
        action.prefix_rewrite = redirect.prefix
    else:
        action.path_redirect = redirect.path or ""
    if redirect.scheme:
        action.scheme_redirect = redirect.scheme
    port = request_port if redirect.request_port else redirect.port or 0
    scheme = redirect.scheme or ("https" if secure else "http")
    if port != DEFAULT_PORTS[scheme]:
        action.port_redirect = port
    return action
