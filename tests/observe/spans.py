"""Spans as OpenTelemetry sends them, made by hand."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CLIENT, SERVER = Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_SERVER


def pairs(**values: str) -> list[KeyValue]:
    return [KeyValue(key=key.replace("__", "."), value=AnyValue(string_value=value)) for key, value in values.items()]


def export(
    name: str,
    number: int,
    parent: int = 0,
    *,
    service: str = "orders",
    proxy: bool = False,
    kind: "Span.SpanKind.ValueType" = SERVER,
    trace: str = TRACE,
    start_ms: int = 0,
    end_ms: int = 10,
    **attributes: str,
) -> ExportTraceServiceRequest:
    """One span; `number` and `parent` become its ids, parent 0 is none."""
    resource = pairs(service__name=service, service__instance__id=f"{service}-v1-0")
    resource += pairs(loopmesh__role="proxy") if proxy else []
    span = Span(
        trace_id=bytes.fromhex(trace),
        span_id=number.to_bytes(8),
        parent_span_id=parent.to_bytes(8) if parent else b"",
        name=name,
        kind=kind,
        start_time_unix_nano=(1_000_000 + start_ms) * 1_000_000,
        end_time_unix_nano=(1_000_000 + end_ms) * 1_000_000,
        attributes=pairs(**attributes),
    )
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=Resource(attributes=resource), scope_spans=[ScopeSpans(spans=[span])])]
    )
