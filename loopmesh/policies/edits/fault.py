"""Faults on the way to a service: calls that are late, calls that fail."""

from dataclasses import dataclass
from typing import Any

from loopmesh.model.application import Service
from loopmesh.model.problem import InvalidInputError, Problem
from loopmesh.policies.edits.service_routes import Content, edit_routes, open_routes
from loopmesh.policies.fields import Fields
from loopmesh.policies.policy_set import PolicySet
from loopmesh.policies.routes.fault import read_fault
from loopmesh.policies.writing import written_documents
from loopmesh.policies.yaml_tree import parse_yaml

FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`delay` is a duration as policies write it; `abort` an HTTP status, or the name of a gRPC status.

    Of all calls `percent` are hit; None leaves something out.
    """

    delay: str | None = None
    abort: str | None = None
    percent: float = 100.0


def fault_problems(fault: Fault) -> list[Problem]:
    """What no policy may say; their places mean nothing."""
    problems: list[Problem] = []
    try:
        (node,) = parse_yaml("fault", written_documents([_written(fault)]).encode())
    except InvalidInputError as error:
        return list(error.problems)
    Fields.read(node, "", problems, read_fault)
    return problems


def inject_fault(policy_set: PolicySet, service: Service, fault: Fault) -> list[Content]:
    """On every route that leads to the service alone, instead of a fault it may have. Raises InvalidInputError."""

    def inject(route: Content) -> bool:
        route[FAULT] = _written(fault)
        return True

    return edit_routes(policy_set, service, inject)


def clear_fault(policy_set: PolicySet, service: Service) -> list[Content]:
    """Takes faults away; no policy if there are none."""
    return edit_routes(policy_set, service, lambda route: route.pop(FAULT, None) is not None, must=False)


def is_for_fault_alone(content: Content, service: Service) -> bool:
    """Whether a VirtualService without faults is as `inject_fault` made it where there was none: it says nothing."""
    spec: Content = content["spec"]
    return spec == {"hosts": [service.name], **open_routes(service)}


def _written(fault: Fault) -> Content:
    percentage = {"value": fault.percent}
    written: dict[str, Any] = {}
    if fault.delay is not None:
        written["delay"] = {"percentage": percentage, "fixedDelay": fault.delay}
    if fault.abort is not None:
        status = {"httpStatus": int(fault.abort)} if fault.abort.isdecimal() else {"grpcStatus": fault.abort}
        written["abort"] = {"percentage": percentage, **status}
    return written
