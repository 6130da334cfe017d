"""Faults on the way to a service: calls that are late, calls that fail."""

from dataclasses import dataclass
from typing import Any

from loopmesh.model.application import Service
from loopmesh.policies.edits.service_routes import Content, edit_routes
from loopmesh.policies.policy_set import PolicySet

FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`delay` is a duration as policies write it; `abort` an HTTP status, or the name of a gRPC status.

    Of all calls `percent` are hit; None leaves something out.
    """

    delay: str | None = None
    abort: str | None = None
    percent: float = 100.0


def inject_fault(policy_set: PolicySet, service: Service, fault: Fault) -> list[Content]:
    """On every route that leads to the service alone, instead of a fault it may have. Raises InvalidInputError."""

    def inject(route: Content) -> bool:
        route[FAULT] = _written(fault)
        return True

    return edit_routes(policy_set, service, inject)


def clear_fault(policy_set: PolicySet, service: Service) -> list[Content]:
    """Takes faults away; no policy if there are none."""
    return edit_routes(policy_set, service, lambda route: route.pop(FAULT, None) is not None, must=False)


def _written(fault: Fault) -> Content:
    percentage = {"value": fault.percent}
    written: dict[str, Any] = {}
    if fault.delay is not None:
        written["delay"] = {"percentage": percentage, "fixedDelay": fault.delay}
    if fault.abort is not None:
        status = {"httpStatus": int(fault.abort)} if fault.abort.isdecimal() else {"grpcStatus": fault.abort}
        written["abort"] = {"percentage": percentage, **status}
    return written
