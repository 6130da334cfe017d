"""Faults put in on purpose (Istio `TranslateFault`): the filter on every way out, and what a route tells it."""

from envoy.extensions.filters.common.fault.v3.fault_pb2 import FaultDelay
from envoy.extensions.filters.http.fault.v3.fault_pb2 import FaultAbort, HTTPFault

from loopmesh.compile.connection_manager import NamedFilter
from loopmesh.compile.messages import duration
from loopmesh.compile.routes.percentage import millionths
from loopmesh.model.routes.fault import Abort, Delay, Fault

FILTER = "envoy.filters.http.fault"


def fault_filter() -> NamedFilter:
    """Does nothing until a route says so."""
    return NamedFilter(place=FILTER, name=FILTER, config=HTTPFault())


def route_fault(fault: Fault) -> HTTPFault:
    result = HTTPFault()
    if fault.delay is not None:
        result.delay.CopyFrom(_delay(fault.delay))
    if fault.abort is not None:
        result.abort.CopyFrom(_abort(fault.abort))
    return result


def _delay(delay: Delay) -> FaultDelay:
    return FaultDelay(fixed_delay=duration(delay.milliseconds), percentage=millionths(delay.percent))


def _abort(abort: Abort) -> FaultAbort:
    result = FaultAbort(percentage=millionths(abort.percent))
    if abort.grpc_status is not None:
        result.grpc_status = abort.grpc_status
    else:
        result.http_status = abort.http_status or 0
    return result
