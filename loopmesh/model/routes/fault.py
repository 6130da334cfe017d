"""Faults put in on purpose."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Holds `percent` (0 to 100) of the requests back."""

    milliseconds: int
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """Answers `percent` of the requests with an HTTP status, or with a gRPC status by its number."""

    percent: float
    http_status: int | None = None
    grpc_status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    delay: Delay | None = None
    abort: Abort | None = None
