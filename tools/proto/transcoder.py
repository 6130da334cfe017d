"""Writes the edge's REST mapping as the EnvoyFilter that Kubernetes and loopmesh read alike."""

import base64
from pathlib import Path

import yaml
from buf.validate import validate_pb2
from google.api import annotations_pb2
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.rpc import error_details_pb2, status_pb2

ANY_DETAILS = (status_pb2.DESCRIPTOR, error_details_pb2.DESCRIPTOR)
"""Envoy can only print an error detail whose type its descriptor holds."""
PRIORITY = 10
"""After EnvoyFilters that say nothing, so that what this one is relative to is there."""
HEADER = "# Generated from proto/ by `make proto`; not edited.\n"


def write_transcoder(descriptors: Path, target: Path) -> None:
    """Reads a descriptor set with imports; writes the filter for every service with HTTP rules."""
    files = FileDescriptorSet.FromString(descriptors.read_bytes())
    services = [
        f"{file.package}.{service.name}" for file in files.file for service in file.service if _is_public(service)
    ]
    for described in ANY_DETAILS:
        _add_with_dependencies(files, described)
    slim = FileDescriptorSet(
        file=[_without_validation(file) for file in files.file if not file.name.startswith("buf/")]
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    document = _envoy_filter(services, base64.b64encode(slim.SerializeToString(deterministic=True)).decode())
    target.write_text(HEADER + yaml.safe_dump(document, sort_keys=False, width=120))


def _add_with_dependencies(files: FileDescriptorSet, described: FileDescriptor) -> None:
    """What a file imports stands before it."""
    if described.name not in {file.name for file in files.file}:
        for dependency in described.dependencies:
            _add_with_dependencies(files, dependency)
        described.CopyToProto(files.file.add())


def _is_public(service: object) -> bool:
    return any(method.options.HasExtension(annotations_pb2.http) for method in service.method)  # type: ignore[attr-defined]


def _without_validation(file: FileDescriptorProto) -> FileDescriptorProto:
    """Validation happens in the services; its rules would be half of the edge's descriptor."""
    kept = [path for path in file.dependency if not path.startswith("buf/")]
    del file.dependency[:]
    file.dependency.extend(kept)
    for message in file.message_type:
        for field in message.field:
            field.options.ClearExtension(validate_pb2.field)
    return file


def _envoy_filter(services: list[str], descriptor: str) -> dict[str, object]:
    transcoder = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "services": services,
        "convert_grpc_status": True,
        "print_options": {"always_print_primitive_fields": True, "stream_newline_delimited": True},
        "request_validation_options": {"reject_unknown_method": True, "reject_unknown_query_parameters": True},
        "proto_descriptor_bin": descriptor,
    }
    match = {
        "context": "GATEWAY",
        "listener": {
            "filterChain": {
                "filter": {
                    "name": "envoy.filters.network.http_connection_manager",
                    "subFilter": {"name": "envoy.filters.http.router"},
                }
            }
        },
    }
    value = {"name": "envoy.filters.http.grpc_json_transcoder", "typed_config": transcoder}
    patch = {"operation": "INSERT_BEFORE", "value": value}
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "rest", "namespace": "shop"},
        "spec": {
            "workloadSelector": {"labels": {"istio": "edge"}},
            "priority": PRIORITY,
            "configPatches": [{"applyTo": "HTTP_FILTER", "match": match, "patch": patch}],
        },
    }
