"""The value of a patch: a message of Envoy's API, written as YAML."""

import json
import re
from collections.abc import Iterator

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, EncodeError, Message

from loopmesh.model.patch import Target
from loopmesh.policies.envoy_filter.message_types import find_type, new_message
from loopmesh.policies.fields import Fields
from loopmesh.policies.yaml_tree import Node

TYPES = {
    Target.LISTENER: "envoy.config.listener.v3.Listener",
    Target.LISTENER_FILTER: "envoy.config.listener.v3.ListenerFilter",
    Target.FILTER_CHAIN: "envoy.config.listener.v3.FilterChain",
    Target.NETWORK_FILTER: "envoy.config.listener.v3.Filter",
    Target.HTTP_FILTER: "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter",
    Target.ROUTE_CONFIGURATION: "envoy.config.route.v3.RouteConfiguration",
    Target.VIRTUAL_HOST: "envoy.config.route.v3.VirtualHost",
    Target.HTTP_ROUTE: "envoy.config.route.v3.Route",
    Target.CLUSTER: "envoy.config.cluster.v3.Cluster",
}
ANY = "google.protobuf.Any"
TYPE = "@type"
WELL_KNOWN = "google.protobuf."
"""Types whose JSON is not a mapping of their fields."""
AT = re.compile(r" at \"?[A-Za-z]+\.([\w.\[\]@-]+)")
STEP = re.compile(r"[^.\[\]]+")


def read_value(target: Target, fields: Fields) -> bytes:
    """The serialised message of the target's type; empty when there is a problem."""
    node = fields.node_at("value")
    if node is None or not isinstance(node.value, dict):
        fields.refuse("value" if node else None, "`value` is a mapping", f"add the {TYPES[target]}")
        return b""
    message, descriptor = new_message(TYPES[target]), find_type(TYPES[target])
    before = len(fields.problems)
    for place, rule, remedy in _unknown(node, descriptor) if descriptor else ():
        fields.refuse("value", rule, remedy, at=place)
    return _parsed(node, message, fields) if len(fields.problems) == before else b""


def _parsed(node: Node, message: Message, fields: Fields) -> bytes:
    try:
        json_format.Parse(json.dumps(node.plain()), message)
        return message.SerializeToString(deterministic=True)
    except (json_format.ParseError, EncodeError, DecodeError, TypeError, ValueError, AttributeError) as error:
        said = " ".join(str(error).split())
        place = _place(node, said)
        fields.refuse("value", f"it is no {message.DESCRIPTOR.name}: {said}", "mend the value", at=place)
        return b""


def _unknown(node: Node, descriptor: Descriptor) -> Iterator[tuple[Node, str, str]]:
    """Every key that is no field, and every type that is none, with where it stands."""
    if not isinstance(node.value, dict):
        return
    known = {name: field for field in descriptor.fields for name in (field.name, field.json_name)}
    for key, child in node.value.items():
        field = known.get(key)
        if field is not None:
            yield from _unknown_in(child, field)
        elif key != TYPE:
            at = Node(type(node.origin)(file=node.origin.file, line=node.lines[key]), key)
            yield at, f"{descriptor.full_name} has no such field", "write a field of Envoy's v3 API"


def _unknown_in(node: Node, field: FieldDescriptor) -> Iterator[tuple[Node, str, str]]:
    if field.message_type is None:
        return
    entry = field.message_type
    if entry.GetOptions().map_entry:
        values = node.value.values() if isinstance(node.value, dict) else ()
        for child in values:
            yield from _unknown_in(child, entry.fields_by_name["value"])
    elif isinstance(node.value, list):
        for child in node.value:
            yield from _unknown_message(child, entry)
    else:
        yield from _unknown_message(node, entry)


def _unknown_message(node: Node, descriptor: Descriptor) -> Iterator[tuple[Node, str, str]]:
    if descriptor.full_name == ANY:
        yield from _unknown_any(node)
    elif not descriptor.full_name.startswith(WELL_KNOWN):
        yield from _unknown(node, descriptor)


def _unknown_any(node: Node) -> Iterator[tuple[Node, str, str]]:
    named = node.value.get(TYPE) if isinstance(node.value, dict) else None
    if named is None or not isinstance(named.value, str):
        yield node, f"a message of any type says which by `{TYPE}`", f"add `{TYPE}: type.googleapis.com/…`"
        return
    descriptor = find_type(named.value)
    if descriptor is None:
        yield named, "Envoy has no such type", "write a type of Envoy's v3 API"
    elif not descriptor.full_name.startswith(WELL_KNOWN):
        yield from _unknown(node, descriptor)


def _place(node: Node, said: str) -> Node:
    """The value a message of the parser is about, as far as it can be followed."""
    found = AT.search(said)
    for step in STEP.findall(found.group(1)) if found else ():
        value = node.value
        if isinstance(value, dict):
            snake = re.sub(r"(?<!^)(?=[A-Z])", "_", step).lower()
            node = value.get(step) or value.get(snake) or node
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            node = value[int(step)]
    return node
