"""Copies of requests, whose answers nobody waits for."""

from dataclasses import dataclass

from loopmesh.model.routes.destination import Destination

ALL_PERCENT = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """Sends `percent` (0 to 100) of the requests to the destination, too."""

    destination: Destination
    percent: float = ALL_PERCENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirroring:
    """What a route says of copies, apart as it is said: where one route delegates to another, each part of it stands by
    itself. `whole_percent` is the older field for the share of `single` and counts without `percent`."""

    single: Destination | None = None
    percent: float | None = None
    whole_percent: float | None = None
    several: tuple[Mirror, ...] = ()

    @property
    def mirrors(self) -> tuple[Mirror, ...]:
        """All of them; a share of 0 sends nothing (Istio `MirrorPercent`)."""
        if self.single is None:
            return self.several
        said = self.whole_percent if self.percent is None else self.percent
        return (Mirror(destination=self.single, percent=ALL_PERCENT if said is None else said), *self.several)


NO_COPIES = Mirroring()
