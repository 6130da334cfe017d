"""Copies of requests, whose answers nobody waits for."""

from dataclasses import dataclass

from loopmesh.model.routes.destination import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """Sends `percent` (0 to 100) of the requests to the destination, too."""

    destination: Destination
    percent: float = 100.0
