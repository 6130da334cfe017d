"""How Istio's generator fails its users."""

from collections.abc import Sequence
from dataclasses import dataclass


class OracleError(Exception):
    """One line: the generator cannot be built or started, or it broke."""


class BrokenError(OracleError):
    """Istio's own code panicked on the question; `stack` is where."""

    def __init__(self, message: str, stack: str) -> None:
        self.stack = stack
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """`policy` counts the user's policies from 0 in the order they were given; `message` is Istio's own."""

    policy: int
    message: str


class RefusedError(Exception):
    """Istio does not take these policies; it would not on a cluster either."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("; ".join(refusal.message for refusal in refusals))
