"""A call made for a workload: its method by reflection, the call through the workload's proxy."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

HEADER_NAME = re.compile("[a-z0-9_.-]+(?<!-bin)")
"""What gRPC takes as text; values of `…-bin` are bytes."""
WITHOUT_REFLECTION = (
    "let it answer reflection, or call it by its .proto files: `grpcurl -plaintext -proto` to what `mesh forward` opens"
)
DETAILS_KEY = "grpc-status-details-bin"
KNOWN_DETAILS = error_details_pb2.DESCRIPTOR
"""Named so that these types can be printed when they come as error details."""


class CallError(Exception):
    """The call ended with a status other than OK; `text` says all that came with it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Method:
    """A method that can be called with JSON."""

    descriptor: MethodDescriptor
    pool: descriptor_pool.DescriptorPool

    @property
    def path(self) -> str:
        return f"/{self.descriptor.containing_service.full_name}/{self.descriptor.name}"

    def request(self, text: str) -> Message:
        """Raises click.UsageError for what is no JSON of the request."""
        message = message_factory.GetMessageClass(self.descriptor.input_type)()
        # The parser takes any empty list for an empty message. Google's own types have forms that are no objects.
        if not text.lstrip().startswith("{") and self.descriptor.input_type.file.package != "google.protobuf":
            raise click.UsageError(f"-d is no {self.descriptor.input_type.full_name}: it is not a JSON object")
        try:
            json_format.Parse(text, message, descriptor_pool=self.pool)
        except json_format.ParseError as error:
            raise click.UsageError(f"-d is no {self.descriptor.input_type.full_name}: {error}") from error
        return message

    def response(self, content: bytes) -> Message:
        return message_factory.GetMessageClass(self.descriptor.output_type).FromString(content)


def parse_header(header: str) -> tuple[str, str]:
    """`x-user: alice`. Raises click.UsageError."""
    key, separator, value = header.partition(":")
    name = key.strip().lower()
    if not separator or HEADER_NAME.fullmatch(name) is None or not (value.isascii() and value.isprintable()):
        raise click.UsageError(f"-H {header!r} is not `name: value` in plain ASCII")
    if name == "host":
        raise click.UsageError(f"-H {header!r}: SERVICE:PORT is the host of a call")
    return name, value.strip()


def find_method(target: str, name: str) -> Method:
    """Asks the program itself, past the mesh. Raises LookupError and ConnectionError."""
    if not target:
        raise LookupError("a gateway has no methods; name a service")
    with grpc.insecure_channel(target) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = descriptor_pool.DescriptorPool(database)
        try:
            names = [found for found in database.get_services() if not found.startswith("grpc.")]
            services = [pool.FindServiceByName(found) for found in names]
        except grpc.RpcError as error:
            said = f"the service does not answer reflection at {target} ({error.code().name}: {error.details()})"
            raise ConnectionError(f"{said}; {WITHOUT_REFLECTION}") from error
        if not services:
            raise ConnectionError(f"the service tells of no method by reflection at {target}; {WITHOUT_REFLECTION}")
        return Method(_choose(services, name), pool)


def _choose(services: Sequence[ServiceDescriptor], name: str) -> MethodDescriptor:
    service, _, method = name.replace("/", ".").rpartition(".")
    found = [
        candidate
        for one in services
        if not service or one.full_name == service or one.full_name.endswith(f".{service}")
        for candidate in one.methods
        if candidate.name == method
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{one.full_name}/{candidate.name}" for one in services for candidate in one.methods)
    raise LookupError(f"{'several methods are' if found else 'no method is'} called {name!r}; there are {known}")


def make_call(
    socket: str,
    authority: str,
    method: Method,
    request: Message,
    metadata: Sequence[tuple[str, str]],
    deadline_s: float,
    show: Callable[[str], None],
    *,
    verbose: bool,
) -> None:
    """Shows every response as it comes. Raises CallError."""
    if method.descriptor.client_streaming:
        raise click.UsageError(f"{method.path} takes a stream; only unary requests can be made")
    answer_type = message_factory.GetMessageClass(method.descriptor.output_type)
    options = [("grpc.default_authority", authority)]
    with grpc.insecure_channel(f"unix:{socket}", options=options) as channel:
        start = channel.unary_stream(
            method.path,
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer_type.FromString,
        )
        call = start(request, timeout=deadline_s, metadata=tuple(metadata))
        try:
            if verbose:
                for key, value in call.initial_metadata():
                    click.echo(f"{key}: {value!s}", err=True)
            for answer in call:
                show(_json(answer, method))
        except grpc.RpcError as error:
            raise CallError(error.code().value[0], _explain(error)) from error


def _json(answer: Message, method: Method) -> str:
    indent = None if method.descriptor.server_streaming else 2
    return json_format.MessageToJson(
        answer, indent=indent, always_print_fields_with_no_presence=True, descriptor_pool=method.pool
    )


def _explain(error: Any) -> str:
    lines = [f"{error.code().name}: {error.details().strip()}"]
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY:
            lines += [_detail(detail) for detail in status_pb2.Status.FromString(value).details]
    return "\n".join(lines)


def _detail(detail: AnyMessage) -> str:
    try:
        return json_format.MessageToJson(detail, indent=None)
    except (TypeError, DecodeError):
        return f"{detail.type_url}, {len(detail.value)} bytes"
