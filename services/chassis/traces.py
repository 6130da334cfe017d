"""Traces by OpenTelemetry: W3C context in and out, spans in batches to the endpoint of the environment."""

from collections.abc import Callable, Sequence

import grpc
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor, filters
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

EXPORT_EVERY_MS = 200
"""A trace is whole soon after its call; the default of 5 s would make everybody wait."""


def set_up_traces(endpoint: str | None) -> Callable[[], None]:
    """Registers the provider; returns what flushes and ends it. Without an endpoint spans go nowhere."""
    provider = TracerProvider(resource=Resource.create())
    if endpoint is not None:
        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=endpoint.startswith("http://"))
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=EXPORT_EVERY_MS))
    trace.set_tracer_provider(provider)
    return provider.shutdown


def server_tracing() -> grpc.aio.ServerInterceptor:
    """A span for every call but health checks and reflection."""
    quiet = filters.any_of(filters.health_check(), filters.method_prefix("ServerReflection"))
    interceptor: grpc.aio.ServerInterceptor = aio_server_interceptor(filter_=filters.negate(quiet))
    return interceptor


def client_tracing() -> Sequence[grpc.aio.ClientInterceptor]:
    return tuple(aio_client_interceptors())
