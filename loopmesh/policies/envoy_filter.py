"""EnvoyFilter (networking.istio.io), as far as the edge needs it: an HTTP filter before a gateway's router."""

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError, EncodeError, Message

from loopmesh.model.edge import GatewayFilter
from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.fields import Fields

CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"
ROUTER = "envoy.filters.http.router"
ENVOY_PACKAGE = re.compile(r"envoy(\.[a-z][a-z0-9_]*)+")
Result = TypeVar("Result")
REMEDY = "loopmesh puts HTTP filters before the router of gateways; nothing else of EnvoyFilter"


def read_envoy_filter(document: Document, problems: list[Problem]) -> tuple[GatewayFilter, ...]:
    return Fields.read(document.spec, "spec", problems, lambda fields: _filters(document, fields))


def _filters(document: Document, fields: Fields) -> tuple[GatewayFilter, ...]:
    everyone = WorkloadSelector(namespace=document.namespace)
    selector = fields.object("workloadSelector", lambda inside: read_selector(inside, document.namespace, "labels"))
    if not fields.has("configPatches") or fields.is_empty("configPatches"):
        fields.refuse(None, "`configPatches` has at least one patch", "add a patch")
    patches = fields.objects("configPatches", lambda inside: _patch(document, selector or everyone, inside))
    return tuple(patch for patch in patches if patch is not None)


def _patch(document: Document, selector: WorkloadSelector, fields: Fields) -> GatewayFilter | None:
    _must_be(fields, "applyTo", "HTTP_FILTER")
    _required(fields, "match", _match)
    value = _required(fields, "patch", _operation)
    if value is None:
        return None
    name, type_url, config = value
    return GatewayFilter(
        source=document.source_at(fields.origin), selector=selector, name=name, type_url=type_url, config=config
    )


def _required(fields: Fields, key: str, reader: Callable[[Fields], Result]) -> Result | None:
    if not fields.has(key):
        fields.refuse(None, f"`{key}` is required", REMEDY)
    return fields.object(key, reader)


def _must_be(fields: Fields, key: str, expected: str) -> None:
    found = fields.text(key, required=True)
    if found is not None and found != expected:
        fields.refuse(key, f"loopmesh supports {expected} only", REMEDY)


def _match(fields: Fields) -> None:
    """All of it is required: without the router named, Istio puts the filter before all others."""
    _must_be(fields, "context", "GATEWAY")
    _required(fields, "listener", lambda inside: _required(inside, "filterChain", _filter_chain))


def _filter_chain(fields: Fields) -> None:
    _required(fields, "filter", _network_filter)


def _network_filter(fields: Fields) -> None:
    _must_be(fields, "name", CONNECTION_MANAGER)
    _required(fields, "subFilter", lambda inside: _must_be(inside, "name", ROUTER))


def _operation(fields: Fields) -> tuple[str, str, bytes] | None:
    _must_be(fields, "operation", "INSERT_BEFORE")
    return _required(fields, "value", _value)


def _value(fields: Fields) -> tuple[str, str, bytes] | None:
    name = fields.text("name", required=True)
    found = fields.node_at("typed_config")
    config = found.plain() if found is not None else None
    if not isinstance(config, dict) or not isinstance(config.get("@type"), str):
        fields.refuse(None, "`typed_config` with `@type` is required", "add the filter's typed configuration")
        return None
    type_url = str(config.pop("@type"))
    message = _new_message(type_url)
    if message is None:
        fields.refuse("typed_config", f"Envoy has no type {type_url}", "write a type of Envoy's v3 API")
        return None
    for nested in _types_inside(config):
        _load_package(nested)
    try:
        json_format.ParseDict(config, message)
        return name or "", type_url, message.SerializeToString(deterministic=True)
    except (json_format.ParseError, EncodeError, DecodeError, TypeError, ValueError, AttributeError) as error:
        said = " ".join(str(error).split())
        fields.refuse("typed_config", f"it is no {message.DESCRIPTOR.name}: {said}", "mend the configuration")
        return None


def _types_inside(value: object) -> Iterator[str]:
    """Every `@type` in a value; a message can hold others of any type."""
    if isinstance(value, dict):
        if isinstance(found := value.get("@type"), str):
            yield found
        for inside in value.values():
            yield from _types_inside(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _types_inside(inside)


def _load_package(type_url: str) -> None:
    """Makes the types of the package known; a module is found by its package, as every Envoy type's is."""
    package = type_url.rpartition("/")[2].rpartition(".")[0]
    if not ENVOY_PACKAGE.fullmatch(package):
        return
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        spec = None
    for module in pkgutil.iter_modules(spec.submodule_search_locations if spec else []):
        if module.name.endswith("_pb2"):
            importlib.import_module(f"{package}.{module.name}")


def _new_message(type_url: str) -> Message | None:
    """An empty message of the type."""
    _load_package(type_url)
    full_name = type_url.rpartition("/")[2]
    try:
        descriptor = descriptor_pool.Default().FindMessageTypeByName(full_name)
    except KeyError:
        return None
    return message_factory.GetMessageClass(descriptor)()
