"""`mirror`, `mirrorPercentage` and `mirrors`: copies of requests."""

from loopmesh.model.routes.destination import Destination
from loopmesh.model.routes.mirror import ALL_PERCENT, Mirror, Mirroring
from loopmesh.policies.analysis import Message
from loopmesh.policies.document import Document
from loopmesh.policies.fields import Fields
from loopmesh.policies.routes.destination import read_destination, read_target
from loopmesh.policies.routes.percentage import read_percentage


def read_mirroring(document: Document, fields: Fields) -> Mirroring:
    """Both spellings of a route."""
    single = fields.object("mirror", lambda inside: read_destination(document, inside))
    percent = fields.object("mirrorPercentage", read_percentage)
    whole = fields.integer("mirrorPercent", least=0, most=100)
    if whole is not None:
        fields.warn("mirrorPercent", Message.SCHEMA_WARNING, "Istio's older field", "write `mirrorPercentage`")
    several = fields.objects("mirrors", lambda inside: _mirror(document, inside))
    if single and several:
        fields.refuse("mirrors", "`mirror` and `mirrors` exclude each other", "keep one of them")
    return Mirroring(
        single=single, percent=percent, whole_percent=None if whole is None else float(whole), several=several
    )


def _mirror(document: Document, fields: Fields) -> Mirror:
    host, port, subset = read_target(document, fields)
    percent = fields.object("percentage", read_percentage)
    destination = Destination(host=host, port=port, subset=subset, source=document.source_at(fields.origin))
    return Mirror(destination=destination, percent=ALL_PERCENT if percent is None else percent)
