"""What the caller gets where a proxy ends a call, as HTTP or gRPC says it."""

from http import HTTPStatus

import grpc

from loopmesh.simulate import Call, Request, Verdict
from loopmesh.simulate.fault import Fault
from loopmesh.simulate.outcome import Outcome
from loopmesh.simulate.verdict import grpc_status

GRPC_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
FIXED = {
    Verdict.NO_ROUTE: HTTPStatus.NOT_FOUND,
    Verdict.NO_INSTANCE: HTTPStatus.SERVICE_UNAVAILABLE,
    Verdict.NO_CLUSTER: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Envoy's router has one answer to each."""


def ending_words(call: Call, outcome: Outcome) -> str:
    """`HTTP 502`, or `gRPC UNAVAILABLE` for a gRPC call; empty where a program answers, or nobody."""
    request = call.outbound.routed or call.outbound.request
    status = 0 if request.is_stream else _http_status(call, outcome)
    return _words(status, request) if status else ""


def abort_words(fault: Fault) -> str:
    if fault.abort_http_status:
        return f"HTTP {fault.abort_http_status}"
    return f"gRPC {GRPC_NAMES.get(fault.abort_grpc_status, str(fault.abort_grpc_status))}"


def _http_status(call: Call, outcome: Outcome) -> int:
    if outcome.verdict in FIXED:
        return FIXED[outcome.verdict]
    if outcome.verdict is Verdict.ABORTED:
        return 0
    if outcome.workload:
        return _status_at(call, outcome)
    if call.outbound.stopped_by is not None:
        return call.outbound.stopped_by.status
    matched = call.outbound.matched
    return matched.answer.status if matched is not None and matched.answer is not None else 0


def _status_at(call: Call, outcome: Outcome) -> int:
    """Where a route of the server's proxy answers."""
    instances = (one for landing in call.landings for one in landing.instances)
    ending = (one.inbound for one in instances if one.workload == outcome.workload and one.verdict is outcome.verdict)
    answer = next((one.handover.answer for one in ending if one), None)
    return answer.status if answer else 0


def _words(status: int, request: Request) -> str:
    if request.is_grpc:
        return f"gRPC {GRPC_NAMES[grpc_status(status)]}"
    return f"HTTP {int(status)}"
