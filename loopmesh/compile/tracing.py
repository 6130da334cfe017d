"""Spans of the proxies, by OTLP to the mesh's receiver."""

from collections.abc import Iterable

from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.core.v3.grpc_service_pb2 import GrpcService
from envoy.config.trace.v3.http_tracer_pb2 import Tracing
from envoy.config.trace.v3.opentelemetry_pb2 import OpenTelemetryConfig
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.tracers.opentelemetry.resource_detectors.v3.static_config_resource_detector_pb2 import (
    StaticConfigResourceDetectorConfig,
)
from envoy.type.tracing.v3.custom_tag_pb2 import CustomTag

from loopmesh.compile import names
from loopmesh.compile.messages import pack
from loopmesh.model.span_tag import SpanTag, TagKind
from loopmesh.model.topology import Workload

EVERY_CALL = 100.0


def tracing(
    workload: Workload,
    sampling_percent: float,
    tags: Iterable[SpanTag],
    notes: Iterable[CustomTag],
    longest_path_tag: int | None,
) -> HttpConnectionManager.Tracing:
    """Calls that somebody decided to trace are recorded always; every attempt of a call has a span of its own. `notes`
    are tags of what filters have noted."""
    config = OpenTelemetryConfig(
        grpc_service=GrpcService(envoy_grpc=GrpcService.EnvoyGrpc(cluster_name=names.TRACE_CLUSTER)),
        service_name=workload.service,
        resource_detectors=[_who(workload)],
    )
    provider = Tracing.Http(name="envoy.tracers.opentelemetry", typed_config=pack(config))
    said = sorted((*map(_tag, tags), *notes), key=lambda one: one.tag)
    result = HttpConnectionManager.Tracing(provider=provider, custom_tags=said)
    result.random_sampling.value = sampling_percent
    result.client_sampling.value = EVERY_CALL
    result.overall_sampling.value = EVERY_CALL
    result.spawn_upstream_span.value = True
    if longest_path_tag is not None:
        result.max_path_tag_length.value = longest_path_tag
    return result


def _tag(tag: SpanTag) -> CustomTag:
    if tag.kind is TagKind.LITERAL:
        return CustomTag(tag=tag.name, literal=CustomTag.Literal(value=tag.value))
    if tag.kind is TagKind.ENVIRONMENT:
        source = CustomTag.Environment(name=tag.value, default_value=tag.default)
        return CustomTag(tag=tag.name, environment=source)
    if tag.kind is TagKind.HEADER:
        return CustomTag(tag=tag.name, request_header=CustomTag.Header(name=tag.value, default_value=tag.default))
    return CustomTag(tag=tag.name, value=tag.value)


def _who(workload: Workload) -> TypedExtensionConfig:
    attributes = {
        "service.namespace": workload.namespace,
        "service.instance.id": workload.name,
        "loopmesh.role": "proxy",
    }
    if workload.version:
        attributes["service.version"] = workload.version
    config = StaticConfigResourceDetectorConfig(attributes=attributes)
    return TypedExtensionConfig(
        name="envoy.tracers.opentelemetry.resource_detectors.static_config", typed_config=pack(config)
    )
