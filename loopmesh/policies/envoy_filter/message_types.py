"""Types of Envoy's API by their names; a type is known once the module of its package was loaded."""

import functools
import importlib
import importlib.util
import pkgutil
import re

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

OLDER = re.compile(r"envoy\..*\.v[12](alpha)?\d*\.\w+")
"""Types of Envoy's API before v3, which the packages still hold and no Envoy takes any more."""
PACKAGE = re.compile(r"(envoy|xds|udpa)(\.[a-z][a-z0-9_]*)+")


def find_type(type_url: str) -> Descriptor | None:
    full_name = type_url.rpartition("/")[2]
    if OLDER.fullmatch(full_name):
        return None
    _load_package(full_name.rpartition(".")[0])
    try:
        return descriptor_pool.Default().FindMessageTypeByName(full_name)
    except KeyError:
        return None


def new_message(full_name: str) -> Message:
    """An empty message. Raises LookupError for a type that does not exist."""
    descriptor = find_type(full_name)
    if descriptor is None:
        raise LookupError(full_name)
    return message_factory.GetMessageClass(descriptor)()


@functools.cache
def _load_package(package: str) -> None:
    """A module is found by its package, as every Envoy type's is."""
    if not PACKAGE.fullmatch(package):
        return
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        spec = None
    for module in pkgutil.iter_modules(spec.submodule_search_locations if spec else []):
        if module.name.endswith("_pb2"):
            importlib.import_module(f"{package}.{module.name}")
