"""What programs and proxies of the laboratory write down about calls, once it is there."""

import json
from collections import Counter, defaultdict
from pathlib import Path

from tests.observing import last_seen
from tests.parity.appended import Appended

PATIENCE_S = 2
ASKED_EVERY_S = 0.01
LINES = "lines"
ARRIVALS = "arrivals"


class Written:
    """In the laboratory's folder."""

    def __init__(self, folder: Path) -> None:
        self._logged = Appended(folder / LINES)
        self._arriving = Appended(folder / ARRIVALS)
        self._arrived: dict[str, Counter[str]] = defaultdict(Counter)
        """How often each call has arrived at each instance."""

    def forget_lines(self) -> None:
        """Those there are by now are not of what comes."""
        self._logged.lines()

    def lines(self, wanted: int) -> list[str]:
        """Those logged since they were last asked for. Waits while fewer are there than wanted: proxies write when a
        call has ended."""
        found: list[str] = []

        def more() -> list[str]:
            found.extend(self._logged.lines())
            return found

        return last_seen(more, lambda found: len(found) >= wanted, PATIENCE_S, every_s=ASKED_EVERY_S)

    def arrivals(self, ids: set[str], wanted: int) -> Counter[str]:
        """By instance. Waits while fewer have come than wanted: mirrored copies come after the answer."""
        return last_seen(
            lambda: self._arrivals_of(ids),
            lambda counted: counted.total() >= wanted,
            PATIENCE_S,
            every_s=ASKED_EVERY_S,
        )

    def _arrivals_of(self, ids: set[str]) -> Counter[str]:
        for said in map(json.loads, self._arriving.lines()):
            self._arrived[said["call"]][said["instance"]] += 1
        return sum((self._arrived[one] for one in ids if one in self._arrived), Counter[str]())
