"""Makes known what is packed inside messages, so that they can be read: Istio packs types loopmesh never makes."""

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Iterator
from functools import cache

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message

ENVOY_PACKAGE = re.compile(r"(envoy|udpa|xds)(\.[a-z0-9_]+)+")


def load_packed_types(message: Message) -> None:
    """Imports the module of every type inside, however deep. A type the installed Envoy API lacks stays unknown."""
    if isinstance(message, Any):
        if (inside := unpacked(message)) is not None:
            load_packed_types(inside)
        return
    for one in _children(message):
        load_packed_types(one)


def unpacked(packed: Any) -> Message | None:
    """None for a type nobody knows."""
    name = packed.type_url.rpartition("/")[2]
    load_package(name.rpartition(".")[0])
    try:
        kind = message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))
    except KeyError:
        return None
    return kind.FromString(packed.value)


def _children(message: Message) -> Iterator[Message]:
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            yield from (one for one in value.values() if isinstance(one, Message))
        elif field.is_repeated:
            yield from value
        else:
            yield value


@cache
def load_package(package: str) -> None:
    """Imports the modules of a protobuf package, which is a folder of the same name; policies name only Envoy's."""
    if not ENVOY_PACKAGE.fullmatch(package):
        return
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return
    for module in pkgutil.iter_modules(spec.submodule_search_locations if spec else []):
        if module.name.endswith("_pb2"):
            importlib.import_module(f"{package}.{module.name}")
