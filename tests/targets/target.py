"""What a test may ask of a running application, wherever it runs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol

import grpc

Outcome = tuple[grpc.StatusCode, str]


class Shop(Protocol):
    """The shop, as its customers and its services see it."""

    @property
    def edge(self) -> str:
        """The base URL of the edge."""

    def codes(self, caller: str, calls: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], grpc.StatusCode]:
        """How empty requests of `caller` to (service, path) end, through its own sidecar."""

    def plaintext_answers(self, service: str) -> bool:
        """Whether the service's port of its sidecar says anything to somebody who speaks plaintext HTTP to it."""


class Lab(Protocol):
    """A caller beside a scripted service called backend, whose instances are backend-v1-0 and backend-v1-1."""

    def say(self, instance: str = "all", **script: object) -> None:
        """What an instance does with calls from now on."""

    def forget(self) -> None:
        """No script, no counts."""

    def arrived(self) -> Counter[str]:
        """Calls that reached each instance."""

    def call(self, timeout_s: float = 10) -> Outcome: ...

    def call_often(self, times: int) -> list[Outcome]:
        """One call after the other."""

    def apply(self, *documents: str) -> None:
        """Policies, in force for the next call when it returns."""

    def scale(self, replicas: int) -> None:
        """Of backend; returns when callers know."""
