"""`mirror`, `mirrorPercentage` and `mirrors`: copies of requests."""

from loopmesh.model.routes.destination import Destination
from loopmesh.model.routes.mirror import Mirror
from loopmesh.policies.analysis import Message
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.routes.destination import read_destination, read_target
from loopmesh.policies.routes.percentage import read_percentage

ALL = 100.0


def read_mirrors(document: Document, fields: Fields) -> tuple[Mirror, ...]:
    """Both spellings of a route; a share of 0 mirrors nothing (Istio `MirrorPercent`)."""
    single = fields.object("mirror", lambda inside: read_destination(document, inside))
    percent = _percent_of_single(fields)
    several = fields.objects("mirrors", lambda inside: _mirror(document, inside))
    if single and several:
        fields.refuse("mirrors", "`mirror` and `mirrors` exclude each other", "keep one of them")
    first = (Mirror(destination=single, percent=percent),) if single else ()
    return (*first, *several)


def _percent_of_single(fields: Fields) -> float:
    exact = fields.object("mirrorPercentage", read_percentage)
    # Istio's older field; the newer one wins.
    whole = fields.integer("mirrorPercent", least=0, most=100)
    if whole is not None:
        fields.warn("mirrorPercent", Message.SCHEMA_WARNING, "Istio's older field", "write `mirrorPercentage`")
    if exact is not None:
        return exact
    return ALL if whole is None else float(whole)


def _mirror(document: Document, fields: Fields) -> Mirror:
    host, port, subset = read_target(document, fields)
    percent = fields.object("percentage", read_percentage)
    destination = Destination(host=host, port=port, subset=subset, source=document.source_at(fields.origin))
    return Mirror(destination=destination, percent=ALL if percent is None else percent)
