"""The contract a proxy translates REST by: methods with their google.api.http rules, and fields of their requests."""

from collections.abc import Iterator
from urllib.parse import unquote

from envoy.extensions.filters.http.grpc_json_transcoder.v3.transcoder_pb2 import GrpcJsonTranscoder
from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.method_table import Binding, bindings_of


def read_contract(config: GrpcJsonTranscoder) -> FileDescriptorSet:
    """Raises NotSimulatedError."""
    if config.WhichOneof("descriptor_set") != "proto_descriptor_bin":
        raise NotSimulatedError("a translation of REST by descriptors in a file")
    return FileDescriptorSet.FromString(config.proto_descriptor_bin)


def read_bindings(contract: FileDescriptorSet, config: GrpcJsonTranscoder) -> Iterator[Binding]:
    """Of the services the filter is told to translate for."""
    for file in contract.file:
        for service in file.service:
            name = f"{file.package}.{service.name}".lstrip(".")
            for method in service.method if name in config.services else ():
                full_name = f"{name}/{method.name}"
                rule = _rule(method, full_name, maps_all=config.auto_mapping)
                yield from bindings_of(rule, full_name, method.input_type.lstrip("."))


def _rule(method: MethodDescriptorProto, full_name: str, *, maps_all: bool) -> HttpRule:
    if method.options.HasExtension(annotations_pb2.http):
        return method.options.Extensions[annotations_pb2.http]
    return HttpRule(post=f"/{full_name}", body="*") if maps_all else HttpRule()


def unknown_parameter(contract: FileDescriptorSet, input_type: str, names: Iterator[str]) -> str:
    """The first name that the method's request has no field for; empty where all are known."""
    wanted = list(names)
    if not wanted:
        return ""
    pool = DescriptorPool()
    for file in contract.file:
        pool.AddSerializedFile(file.SerializeToString())
    message = pool.FindMessageTypeByName(input_type)
    return next((name for name in wanted if not _is_field(message, name)), "")


def _is_field(message: Descriptor, path: str) -> bool:
    """`path` is dotted; each name is that of the contract or that of JSON."""
    inside: Descriptor | None = message
    for name in map(unquote, path.split(".")):
        fields = inside.fields if inside else ()
        found = next((field for field in fields if name in (field.name, field.json_name)), None)
        if found is None:
            return False
        inside = found.message_type
    return True
