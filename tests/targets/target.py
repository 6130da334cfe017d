"""What a test may ask of a running application, wherever it runs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import grpc
from cryptography import x509

from loopmesh.control.authority import Certificate

Outcome = tuple[grpc.StatusCode, str]
Call = tuple[str, str]
"""The target that is dialled, `inventory:50051`, and the path."""


@dataclass(frozen=True, slots=True)
class TlsAnswer:
    """The HTTP status, None where there was no answer in HTTP, and the certificate the sidecar showed."""

    status: int | None
    shown: x509.Certificate


class Application(Protocol):
    """An application with a gateway, as its customers and its services see it."""

    @property
    def edge(self) -> str:
        """The base URL of the gateway."""

    def codes(self, caller: str, calls: Iterable[Call]) -> Mapping[Call, grpc.StatusCode]:
        """How empty requests of `caller` end, through its own sidecar."""

    def plaintext_answers(self, target: str) -> bool:
        """Whether the port of its sidecar says anything to somebody who speaks plaintext HTTP to it."""

    def tls(self, target: str, path: str, certificate: Certificate | None) -> TlsAnswer:
        """What it says to a POST over HTTP/1.1 and TLS, with a certificate or without."""


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
