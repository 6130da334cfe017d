"""Messages as nested plain values, with whatever is packed inside them."""

from functools import lru_cache
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from loopmesh.oracle.packed_types import load_packed_types

Plain = dict[str, Any]
MOST_KEPT = 10_000


def plain(message: Message) -> Plain:
    """Field names as in Envoy's documentation; a packed message has its type under `@type`.

    Equal messages, of which a mesh has many, give the very same value; it must not be changed.
    """
    return _plain(message.DESCRIPTOR.full_name, message.SerializeToString(deterministic=True))


@lru_cache(MOST_KEPT)
def _plain(kind: str, content: bytes) -> Plain:
    message = message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(kind)).FromString(content)
    load_packed_types(message)
    said: Plain = MessageToDict(message, preserving_proto_field_name=True)
    return said
