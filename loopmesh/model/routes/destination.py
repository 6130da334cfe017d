"""Where a request goes."""

from dataclasses import dataclass

from loopmesh.model.policy import Source
from loopmesh.model.routes.header_changes import HeaderChanges


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A service (fully qualified host), a port of it (None: its only one), perhaps a subset; `weight` as written."""

    host: str
    port: int | None = None
    subset: str | None = None
    weight: int = 0
    headers: HeaderChanges | None = None
    source: Source
