"""Destinations of routes and mirrors: host, port and subset."""

from loopmesh.model.routes.destination import Destination
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_host, check_label, qualify_host
from loopmesh.policies.routes.header_changes import read_header_changes

MOST_WEIGHT = 2**31 - 1


def read_weighted_destination(document: Document, fields: Fields) -> Destination:
    """`{destination: {…}, weight: …, headers: {…}}`."""
    weight = fields.integer("weight", least=0, most=MOST_WEIGHT) or 0
    host, port, subset = read_target(document, fields)
    return Destination(
        host=host,
        port=port,
        subset=subset,
        weight=weight,
        headers=fields.object("headers", read_header_changes),
        source=document.source_at(fields.origin),
    )


def read_target(document: Document, fields: Fields) -> tuple[str, int | None, str | None]:
    """Host, port and subset of the required `destination` inside the mapping."""
    target = fields.object("destination", lambda inside: _target(document, inside))
    if target is None:
        fields.refuse(None, "`destination` is required", "add `destination: {host: …}`")
    return target or ("", None, None)


def read_destination(document: Document, fields: Fields) -> Destination:
    """The fields of a destination themselves: `{host: …, port: …, subset: …}`."""
    host, port, subset = _target(document, fields)
    return Destination(host=host, port=port, subset=subset, source=document.source_at(fields.origin))


def _target(document: Document, fields: Fields) -> tuple[str, int | None, str | None]:
    host = fields.text("host", required=True, check=_check_destination) or ""
    port = fields.object("port", _port)
    return qualify_host(host, document.namespace), port, fields.text("subset", check=check_label)


def _port(fields: Fields) -> int | None:
    """A port selector: `{number: 50051}`."""
    if not fields.has("number"):
        fields.refuse(None, "`number` is required", "add `number`, or remove `port`")
    return fields.integer("number", least=1, most=65535)


def _check_destination(host: str) -> tuple[str, str] | None:
    return ("a destination is one host", "write it without `*`") if "*" in host else check_host(host)
