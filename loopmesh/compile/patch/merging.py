"""Merging messages as Istio does (pkg/proto/merge)."""

from typing import Any, TypeVar

from google.protobuf import any_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from loopmesh.compile.messages import pack

Kind = TypeVar("Kind", bound=Message)
REPLACED = "google.protobuf.Duration"
"""A type whose parts mean nothing alone."""


def merge(into: Message, change: Message, *, replace_lists: bool = False) -> None:
    """What `change` says wins. Lists grow unless they are replaced, entries of maps are replaced, others are merged."""
    for field, value in change.ListFields():
        target: Any = getattr(into, field.name) if field.message_type or field.is_repeated else None
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            _merge_map(target, value, field.message_type.fields_by_name["value"].message_type is not None)
        elif field.is_repeated:
            if replace_lists:
                del target[:]
            target.extend(value)
        elif field.message_type is None:
            setattr(into, field.name, value)
        elif field.message_type.full_name == REPLACED:
            target.CopyFrom(value)
        else:
            target.SetInParent()
            merge(target, value, replace_lists=replace_lists)


def _merge_map(target: Any, change: Any, of_messages: bool) -> None:
    for key, value in change.items():
        if of_messages:
            target[key].CopyFrom(value)
        else:
            target[key] = value


def merge_packed(into: any_pb2.Any, change: any_pb2.Any) -> None:
    """Merges what is inside; a change of another type changes nothing."""
    if into.type_url != change.type_url:
        return
    merged = unpacked(into)
    merge(merged, unpacked(change))
    into.CopyFrom(pack(merged))


def unpacked(packed: any_pb2.Any) -> Message:
    descriptor = descriptor_pool.Default().FindMessageTypeByName(packed.TypeName())
    message = message_factory.GetMessageClass(descriptor)()
    packed.Unpack(message)
    return message


def copied(message: Kind) -> Kind:
    fresh = type(message)()
    fresh.CopyFrom(message)
    return fresh
