"""HTTPFaultInjection: faults put in on purpose."""

from loopmesh.model.routes.fault import Abort, Delay, Fault
from loopmesh.policies.analysis import Message
from loopmesh.policies.fields import Fields
from loopmesh.policies.routes.percentage import read_percentage

GRPC_STATUSES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""By their numbers (gRPC, statuscodes.md)."""

NEITHER = "Istio refuses it, too"


def read_fault(fields: Fields) -> Fault:
    """Without a percentage nothing happens, as in Istio: its zero, not all requests."""
    fault = Fault(delay=fields.object("delay", _delay), abort=fields.object("abort", _abort))
    if not (fields.has("delay") or fields.has("abort")):
        fields.refuse(None, "a fault is a `delay` or an `abort`", "add one of them")
    return fault


def _delay(fields: Fields) -> Delay:
    exact = fields.object("percentage", read_percentage)
    # The newer one wins.
    whole = fields.integer("percent", least=0, most=100) or 0
    if whole:
        fields.warn("percent", Message.DEPRECATED, "Istio's older field", "write `percentage: {value: …}`")
    fields.unsupported({"exponentialDelay": NEITHER})
    if not (fields.has("fixedDelay") or fields.has("exponentialDelay")):
        fields.refuse(None, "`fixedDelay` is required", "add `fixedDelay: 5s`")
    milliseconds = fields.duration_ms("fixedDelay") or 0
    return Delay(milliseconds=milliseconds, percent=float(whole) if exact is None else exact)


def _abort(fields: Fields) -> Abort:
    fields.unsupported({"http2Error": NEITHER})
    if not fields.has("http2Error") and fields.has("httpStatus") == fields.has("grpcStatus"):
        fields.refuse(None, "an abort has one of `httpStatus` and `grpcStatus`", "keep one of them")
    grpc_status = fields.text("grpcStatus", check=_check_grpc_status)
    return Abort(
        percent=fields.object("percentage", read_percentage) or 0.0,
        http_status=fields.integer("httpStatus", least=200, most=599),
        grpc_status=None if grpc_status is None else GRPC_STATUSES.index(grpc_status),
    )


def _check_grpc_status(name: str) -> tuple[str, str] | None:
    return None if name in GRPC_STATUSES else ("gRPC has no such status", f"use one of {', '.join(GRPC_STATUSES)}")
