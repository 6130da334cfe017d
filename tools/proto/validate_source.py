"""Writes `buf/validate/validate.proto` from the descriptor inside the protovalidate wheel.

The wheel carries the compiled contract only, and the compiler and buf want source. Enters: a file descriptor. Leaves:
proto source with the same names, numbers and types. Custom options are left out: the engine has its own copy of them.
"""

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from protovalidate._gen.buf.validate import validate_pb

LABELS = {
    FieldDescriptorProto.LABEL_OPTIONAL: "optional ",
    FieldDescriptorProto.LABEL_REPEATED: "repeated ",
    FieldDescriptorProto.LABEL_REQUIRED: "required ",
}
END_OF_NUMBERS = 536870912


def validate_source() -> str:
    """The source of the contract the installed protovalidate was built with."""
    return proto_source(FileDescriptorProto.FromString(validate_pb.desc().proto.to_binary()))


def proto_source(file: FileDescriptorProto) -> str:
    """A file as proto2 source."""
    lines = ['syntax = "proto2";', f"package {file.package};", *(f'import "{path}";' for path in file.dependency)]
    for enum in file.enum_type:
        lines += _enum(enum)
    for message in file.message_type:
        lines += _message(message)
    for extension in file.extension:
        lines += [f"extend {extension.extendee} {{", _field(extension), "}"]
    return "\n".join(lines) + "\n"


def _enum(enum: EnumDescriptorProto) -> Iterator[str]:
    yield f"enum {enum.name} {{"
    for value in enum.value:
        yield f"  {value.name} = {value.number};"
    yield from _reserved([(reserved.start, reserved.end) for reserved in enum.reserved_range], enum.reserved_name)
    yield "}"


def _message(message: DescriptorProto) -> Iterator[str]:
    yield f"message {message.name} {{"
    entries = {f".{entry.name}": entry for entry in message.nested_type if entry.options.map_entry}
    for nested in message.nested_type:
        if not nested.options.map_entry:
            yield from _message(nested)
    for enum in message.enum_type:
        yield from _enum(enum)
    for number, oneof in enumerate(message.oneof_decl):
        yield f"  oneof {oneof.name} {{"
        yield from (_field(field, label="") for field in message.field if _in_oneof(field) == number)
        yield "  }"
    for field in message.field:
        if _in_oneof(field) is None:
            yield _map(field, entries) or _field(field)
    for extensions in message.extension_range:
        yield f"  extensions {extensions.start} to {_last(extensions.end)};"
    yield from _reserved([(kept.start, kept.end - 1) for kept in message.reserved_range], message.reserved_name)
    yield "}"


def _in_oneof(field: FieldDescriptorProto) -> int | None:
    return field.oneof_index if field.HasField("oneof_index") else None


def _map(field: FieldDescriptorProto, entries: dict[str, DescriptorProto]) -> str:
    entry = next((entry for name, entry in entries.items() if field.type_name.endswith(name)), None)
    if entry is None:
        return ""
    key, value = entry.field
    return f"  map<{_type(key)}, {_type(value)}> {field.name} = {field.number};"


def _field(field: FieldDescriptorProto, label: str | None = None) -> str:
    before = LABELS[field.label] if label is None else label
    return f"  {before}{_type(field)} {field.name} = {field.number};"


def _type(field: FieldDescriptorProto) -> str:
    return field.type_name or FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()


def _last(end: int) -> str:
    return "max" if end >= END_OF_NUMBERS else str(end - 1)


def _reserved(ranges: list[tuple[int, int]], names: object) -> Iterator[str]:
    yield from (f"  reserved {first} to {last};" for first, last in ranges)
    yield from (f'  reserved "{name}";' for name in names)  # type: ignore[attr-defined]
