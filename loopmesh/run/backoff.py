"""How long to wait before trying again. Never: waits itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Doubles from `first_s` to `longest_s`; what ran for `stable_s` seconds starts over at `first_s`."""

    first_s: float = 0.1
    longest_s: float = 10.0
    stable_s: float = 10.0

    def delay_s(self, failures: int) -> float:
        """The wait after the given number of failures in a row, counted from 1."""
        return float(min(self.first_s * 2 ** min(failures - 1, 30), self.longest_s))
