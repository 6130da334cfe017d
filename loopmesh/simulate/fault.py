"""Faults a proxy injects (envoy.extensions.filters.http.fault.v3.HTTPFault)."""

from dataclasses import dataclass

from envoy.extensions.filters.http.fault.v3.fault_pb2 import HTTPFault

from loopmesh.model.patch import Target
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.fraction import percent
from loopmesh.simulate.header import matches_header
from loopmesh.simulate.part import Part
from loopmesh.simulate.request import Request
from loopmesh.simulate.time import milliseconds

FILTER = Part(target=Target.HTTP_FILTER, kind=HTTPFault.DESCRIPTOR.full_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`abort_percent` of the calls end with the HTTP or gRPC status, `delay_percent` wait first; 0 for neither.
    `by_route`: the route asks for it, not the filter by itself."""

    delay_ms: int = 0
    delay_percent: float = 0
    abort_http_status: int = 0
    abort_grpc_status: int = 0
    abort_percent: float = 0
    by_route: bool = True


def fault_of(config: HTTPFault, request: Request, *, by_route: bool) -> Fault | None:
    """None when the filter has nothing to do with this request. Raises NotSimulatedError."""
    if not all(matches_header(condition, request) for condition in config.headers):
        return None
    if config.HasField("delay") and not config.delay.HasField("fixed_delay"):
        raise NotSimulatedError("a delay that a header asks for")
    if config.abort.HasField("header_abort"):
        raise NotSimulatedError("an abort that a header asks for")
    fault = Fault(
        delay_ms=milliseconds(config.delay.fixed_delay),
        delay_percent=percent(config.delay.percentage),
        abort_http_status=config.abort.http_status,
        abort_grpc_status=config.abort.grpc_status,
        abort_percent=percent(config.abort.percentage),
        by_route=by_route,
    )
    return fault if fault.delay_percent or fault.abort_percent else None
