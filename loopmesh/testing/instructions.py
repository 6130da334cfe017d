"""What a scripted backend is told to do, and what arrives at it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc

from loopmesh.scripted.wire import Answer, Question

FOREVER = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call that reached an instance of a backend. `protocol` is `grpc` or `http`; header names are lower case.

    Of a header that came several times the last value counts.
    """

    instance: str
    protocol: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, instance: str, question: Question) -> "Arrival":
        return cls(
            instance=instance,
            protocol=question.protocol,
            method=question.method,
            path=question.path,
            headers={name.lower(): value for name, value in question.headers},
            body=question.body,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Instances by the stems of their names, `reviews-v1`, or a single one by its whole name."""

    stems: frozenset[str]
    instance: str = ""

    def includes(self, instance: str) -> bool:
        return instance.rpartition("-")[0] in self.stems and self.instance in ("", instance)

    def covers(self, other: "Scope") -> bool:
        return other.stems <= self.stems and self.instance in ("", other.instance)


@dataclass(slots=True, kw_only=True, eq=False)
class Instruction:
    """One answer for calls of the instances it is for. `code` counts for gRPC calls, `status` for HTTP calls.

    `times` bounds how many calls it answers, `until_s` until when it holds, in the author's time; None is no bound.
    """

    scope: Scope
    code: grpc.StatusCode = grpc.StatusCode.OK
    status: int = 200
    details: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after_s: float = 0.0
    path: str | None = None
    times: int | None = None
    until_s: float | None = None
    used: int = 0

    def holds_for(self, arrival: Arrival, now_s: float) -> bool:
        is_left = self.times is None or self.used < self.times
        is_time = self.until_s is None or now_s < self.until_s
        is_path = self.path is None or self.path == arrival.path.partition("?")[0]
        return is_left and is_time and is_path and self.scope.includes(arrival.instance)

    def answer(self, number: int) -> Answer:
        return Answer(
            number=number,
            code=self.code.name,
            details=self.details,
            status=self.status,
            headers=tuple(self.headers.items()),
            body=self.body,
        )
