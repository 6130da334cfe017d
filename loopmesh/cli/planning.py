"""Policies for a purpose, merged with those in force, as YAML to apply."""

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.steering import Steering
from loopmesh.model.application import Application, Service
from loopmesh.policies import Fault, clear_fault, inject_fault, shift, written_documents
from loopmesh.run.errors import RunError


def plan_shift(steering: Steering, request: admin_pb2.PlanShiftRequest) -> str:
    """Raises InvalidInputError and RunError."""
    service = _http_service(steering.application, request.service)
    weights = {share.version: share.weight for share in request.shares}
    return written_documents(shift(steering.policy_set, service, weights))


def plan_fault(steering: Steering, request: admin_pb2.PlanFaultRequest) -> str:
    """Raises InvalidInputError and RunError."""
    service = _http_service(steering.application, request.service)
    if request.clear:
        return written_documents(clear_fault(steering.policy_set, service))
    fault = Fault(delay=request.delay or None, abort=request.abort or None, percent=request.percent)
    return written_documents(inject_fault(steering.policy_set, service, fault))


def _http_service(application: Application, name: str) -> Service:
    """By `name`, or `name.namespace` where two namespaces have one; http routes are for services that speak HTTP."""
    found = [one for one in application.services if name in (one.name, f"{one.name}.{one.namespace}")]
    if not found:
        raise RunError(f"there is no service {name}; there are {', '.join(one.name for one in application.services)}")
    if len(found) > 1:
        full = ", ".join(f"{one.name}.{one.namespace}" for one in found)
        raise RunError(f"several namespaces have a {name}; name one of {full}")
    if not any(port.protocol.is_http for port in found[0].ports):
        raise RunError(f"service {name} speaks neither HTTP nor gRPC, so nothing can be told of its calls")
    return found[0]
