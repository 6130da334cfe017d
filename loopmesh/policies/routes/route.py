"""HTTPRoute: conditions, and what happens to a request that meets them."""

from loopmesh.model.routes.request_match import RequestMatch
from loopmesh.model.routes.text_match import TextMatchKind
from loopmesh.model.routing import Route
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_name
from loopmesh.policies.routes.cors import read_cors
from loopmesh.policies.routes.destination import read_weighted_destination
from loopmesh.policies.routes.direct_response import read_direct_response
from loopmesh.policies.routes.fault import read_fault
from loopmesh.policies.routes.header_changes import read_header_changes, rewrites_authority
from loopmesh.policies.routes.mirror import read_mirroring
from loopmesh.policies.routes.redirect import read_redirect
from loopmesh.policies.routes.request_match import read_request_match
from loopmesh.policies.routes.retry import read_retry
from loopmesh.policies.routes.rewrite import read_rewrite

OUTCOMES = ("route", "redirect", "directResponse")
EXCLUDED = {
    "redirect": ("route", "directResponse", "fault", "rewrite"),
    "directResponse": ("route", "fault", "rewrite"),
    "delegate": ("route", "redirect"),
}
"""What may not stand beside an outcome (Istio `validateHTTPRouteConflict`)."""


def read_route(document: Document, fields: Fields) -> Route:
    """Every problem Istio's `validateHTTPRoute` would find, and some that Envoy would."""
    _check_outcome(fields)
    matches = fields.objects("match", lambda inside: read_request_match(document, inside))
    destinations = fields.objects("route", lambda inside: read_weighted_destination(document, inside))
    if len(destinations) > 1 and not sum(one.weight for one in destinations):
        fields.refuse("route", "the weights add up to 0", "give a destination a weight")
    route = Route(
        name=fields.text("name") or "",
        matches=matches,
        destinations=destinations,
        redirect=fields.object("redirect", read_redirect),
        direct_response=fields.object("directResponse", read_direct_response),
        delegate=fields.object("delegate", lambda inside: _delegate(document, inside)),
        rewrite=fields.object("rewrite", read_rewrite),
        headers=fields.object("headers", read_header_changes),
        timeout_ms=fields.duration_ms("timeout"),
        retry=fields.object("retries", lambda inside: read_retry(document.source, inside)),
        fault=fields.object("fault", read_fault),
        mirroring=read_mirroring(document, fields),
        cors=fields.object("corsPolicy", read_cors),
        source=document.source_at(fields.origin, fields.path),
    )
    if route.rewrite and route.rewrite.authority and rewrites_authority(route.headers):
        fields.refuse("rewrite", "the host is rewritten by `headers`, too", "keep one of them")
    if route.redirect and route.redirect.prefix:
        _check_prefixes(fields, matches)
    return route


def _check_outcome(fields: Fields) -> None:
    given = [key for key in (*OUTCOMES, "delegate") if fields.has(key) and not fields.is_empty(key)]
    if not given:
        fields.refuse(None, "`route` has at least one destination", "add one, or `redirect` or `directResponse`")
    for first, others in EXCLUDED.items():
        for key in others if first in given else ():
            if fields.has(key):
                fields.refuse(key, f"`{first}` and `{key}` exclude each other", "keep one of them")


def _delegate(document: Document, fields: Fields) -> str:
    name = fields.text("name", required=True, check=check_name) or ""
    return f"{fields.text('namespace', check=check_name) or document.namespace}/{name}"


def _check_prefixes(fields: Fields, matches: tuple[RequestMatch, ...]) -> None:
    if any(match.path is not None and match.path.kind is not TextMatchKind.PREFIX for match in matches):
        fields.refuse("redirect", "`prefixRewrite` needs matches of `uri` by prefix", "match prefixes, or use `uri`")
