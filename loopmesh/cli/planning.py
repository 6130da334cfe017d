"""Policies for a purpose, merged with those in force, as YAML to apply, and where the user's files have them."""

from collections.abc import Iterable, Iterator

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.rule_names import named_policy
from loopmesh.cli.steering import Steering
from loopmesh.model.application import Application, Service
from loopmesh.model.policy import PolicyName
from loopmesh.policies import (
    Content,
    Fault,
    clear_fault,
    inject_fault,
    is_for_fault_alone,
    shift,
    with_namespace,
    written_documents,
)
from loopmesh.run.errors import RunError


def plan_shift(steering: Steering, request: admin_pb2.PlanShiftRequest) -> admin_pb2.PlanShiftResponse:
    """Raises InvalidInputError and RunError."""
    service = _service(steering.application, request.service)
    weights = {share.version: share.weight for share in request.shares}
    contents = shift(steering.policy_set, service, weights)
    names = _names(contents)
    return admin_pb2.PlanShiftResponse(
        yaml=written_documents(contents), files=_files(steering, names), in_force=_in_force(steering, names)
    )


def plan_fault(steering: Steering, request: admin_pb2.PlanFaultRequest) -> admin_pb2.PlanFaultResponse:
    """Raises InvalidInputError and RunError."""
    service = _service(steering.application, request.service)
    if not service.speaks_http:
        raise RunError(
            f"service {request.service} speaks neither HTTP nor gRPC, and a fault is of a request; to fail its"
            f" connections run none of its instances: mesh scale {request.service}=0"
        )
    if request.clear:
        return _plan_clearing(steering, service)
    fault = Fault(delay=request.delay or None, abort=request.abort or None, percent=request.percent)
    contents = inject_fault(steering.policy_set, service, fault)
    names = _names(contents)
    return admin_pb2.PlanFaultResponse(
        yaml=written_documents(contents), files=_files(steering, names), in_force=_in_force(steering, names)
    )


def _plan_clearing(steering: Steering, service: Service) -> admin_pb2.PlanFaultResponse:
    """What the mesh did not start with and says nothing without its fault goes as a whole."""
    cleared = clear_fault(steering.policy_set, service)
    names = _names(cleared)
    started_with = steering.started_with.documents
    removed = [
        name
        for name, content in zip(names, cleared, strict=True)
        if name not in started_with and is_for_fault_alone(content, service)
    ]
    remaining = [content for name, content in zip(names, cleared, strict=True) if name not in removed]
    return admin_pb2.PlanFaultResponse(
        yaml=written_documents(remaining),
        files=_files(steering, names),
        removed=map(named_policy, removed),
        in_force=_in_force(steering, names),
    )


def _names(contents: Iterable[Content]) -> list[PolicyName]:
    return [
        PolicyName(kind=one["kind"], namespace=one["metadata"]["namespace"], name=one["metadata"]["name"])
        for one in contents
    ]


def _files(steering: Steering, names: Iterable[PolicyName]) -> Iterator[str]:
    """Those the mesh started with count as well: what was applied since may be a copy."""
    sets = (steering.started_with, steering.policy_set)
    found = (each.documents[name].origin.file for name in names for each in sets if name in each.documents)
    return iter(dict.fromkeys(found))


def _in_force(steering: Steering, names: Iterable[PolicyName]) -> str:
    found = steering.policy_set.documents
    return written_documents(with_namespace(found[name]) for name in names if name in found)


def _service(application: Application, name: str) -> Service:
    """By `name`, or `name.namespace` where two namespaces have one."""
    found = [one for one in application.services if name in (one.name, f"{one.name}.{one.namespace}")]
    if not found:
        raise RunError(f"there is no service {name}; there are {', '.join(one.name for one in application.services)}")
    if len(found) > 1:
        full = ", ".join(f"{one.name}.{one.namespace}" for one in found)
        raise RunError(f"several namespaces have a {name}; name one of {full}")
    if not found[0].ports:
        raise RunError(f"service {name} has no port, so nobody calls it; give it `ports` in the values")
    return found[0]
