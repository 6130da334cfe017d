"""A span as it is kept."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

Value = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Times in nanoseconds since the epoch; `parent` is empty for the first span of a trace."""

    trace: str
    id: str
    parent: str
    service: str
    instance: str
    proxy: bool
    name: str
    kind: str
    start_ns: int
    end_ns: int
    failed: bool
    attributes: Mapping[str, Value]

    @property
    def milliseconds(self) -> float:
        return (self.end_ns - self.start_ns) / 1e6


def spans_of(request: ExportTraceServiceRequest) -> Iterator[Span]:
    """Every span of an export (opentelemetry-proto, trace service)."""
    for exported in request.resource_spans:
        resource = _attributes(exported.resource.attributes)
        for scope in exported.scope_spans:
            for span in scope.spans:
                yield _span(span, resource)


def _span(span: OtlpSpan, resource: Mapping[str, Value]) -> Span:
    return Span(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        service=str(resource.get("service.name", "unknown")),
        instance=str(resource.get("service.instance.id", "")),
        proxy=resource.get("loopmesh.role") == "proxy",
        name=span.name,
        kind=OtlpSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes=_attributes(span.attributes),
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    if kind in ("string_value", "int_value", "double_value", "bool_value"):
        found: Value = getattr(value, kind)
        return found
    return json.dumps(str(value))
