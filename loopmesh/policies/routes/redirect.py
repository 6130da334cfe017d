"""HTTPRedirect: sending the caller elsewhere."""

from enum import StrEnum

from loopmesh.model.routes.redirect import Redirect
from loopmesh.policies.fields import Fields

CODES = (301, 302, 303, 307, 308)


class _PortSelection(StrEnum):
    PROTOCOL_DEFAULT = "FROM_PROTOCOL_DEFAULT"
    REQUEST_PORT = "FROM_REQUEST_PORT"


def read_redirect(fields: Fields) -> Redirect:
    """At least one part changes (Istio `validateHTTPRedirect`); codes are those that Envoy has."""
    derived = fields.choice("derivePort", _PortSelection)
    redirect = Redirect(
        path=fields.text("uri") or None,
        prefix=fields.text("prefixRewrite") or None,
        authority=fields.text("authority") or None,
        scheme=fields.text("scheme", check=_check_scheme) or None,
        port=fields.integer("port", least=1, most=65535),
        request_port=derived is _PortSelection.REQUEST_PORT,
        code=_code(fields),
    )
    if redirect.path and redirect.prefix:
        fields.refuse("prefixRewrite", "`uri` and `prefixRewrite` exclude each other", "keep one of them")
    if fields.has("port") and fields.has("derivePort"):
        fields.refuse("derivePort", "`port` and `derivePort` exclude each other", "keep one of them")
    if not any(map(fields.has, ("uri", "prefixRewrite", "authority", "scheme", "port", "derivePort"))):
        fields.refuse(None, "a redirect changes something", "add `uri`, `authority`, `scheme` or `port`")
    return redirect


def _code(fields: Fields) -> int:
    code = fields.integer("redirectCode", least=0, most=399)
    if code and code not in CODES:
        fields.refuse("redirectCode", f"a redirect is one of {', '.join(map(str, CODES))}", "use one of them")
    return code or CODES[0]


def _check_scheme(scheme: str) -> tuple[str, str] | None:
    return None if scheme in ("", "http", "https") else ("a scheme is http or https", "write one of them")
