"""Conditions on what is called, from an RBAC permission back to Istio's `to` and `when`."""

from envoy.config.rbac.v3.rbac_pb2 import Permission
from envoy.extensions.path.match.uri_template.v3.uri_template_match_pb2 import UriTemplateMatchConfig

from loopmesh.simulate.condition import Condition, Kind
from loopmesh.simulate.dynamic_metadata import said_by
from loopmesh.simulate.istio_pattern import header_pattern, pattern, range_words, template_words, value_patterns
from loopmesh.simulate.permission import permits
from loopmesh.simulate.proxy import unpack
from loopmesh.simulate.stream import Stream

AUTHORITY, METHOD = ":authority", ":method"
HEADER_FIELDS = {AUTHORITY: "hosts", METHOD: "methods"}
WHEN = {"ports": ("when destination.port",)}
"""Keys of `when` that ask the same as a field of an operation."""


def operation_condition(number: int, part: Permission, stream: Stream) -> Condition:
    """`part` is one that does not hold, of the `number`th `to`."""
    excludes = part.HasField("not_rule")
    inside = part.not_rule if excludes else part
    values = [*inside.or_rules.rules] or [inside]
    if excludes:
        values = [one for one in values if permits(one, stream)]
    name, has = _named(values[0], stream)
    return Condition(
        kind=Kind.OPERATION,
        fields=_fields(number, name, excludes=excludes and not inside.any),
        # A port is known when the rule is compiled, so that nothing is left of how it was asked for.
        excludes=excludes and not inside.any,
        asked=tuple(said for one in values for said in _asked(one)),
        has=has,
    )


def _fields(number: int, name: str, *, excludes: bool) -> tuple[str, ...]:
    if not name or "." in name:
        return (f"when {name}",) if name else ()
    field = f"not{name[0].upper()}{name[1:]}" if excludes else name
    return (f"to[{number}].operation.{field}", *WHEN.get(name, ()))


def _named(value: Permission, stream: Stream) -> tuple[str, str]:
    """The field of an operation, or the key of a `when`, and what the call has of it."""
    request, connection = stream.request, stream.connection
    match value.WhichOneof("rule"):
        case "header" if value.header.name in HEADER_FIELDS:
            said = request.authority if value.header.name == AUTHORITY else request.method
            return HEADER_FIELDS[value.header.name], said
        case "url_path" | "uri_template":
            return "paths", stream.path
        case "any":
            return "ports", request.authority.rpartition(":")[2]
        case "destination_port":
            return "ports", str(connection.port)
        case "destination_ip":
            return "destination.ip", connection.local_ip
        case "requested_server_name":
            return "connection.sni", connection.server_name
        case "metadata":
            matcher = value.metadata
            key = "][".join(segment.key for segment in matcher.path)
            return f"experimental.{matcher.filter}[{key}]", str(said_by(matcher, stream.metadata) or "")
        case _:
            return "", ""


def _asked(value: Permission) -> tuple[str, ...]:
    match value.WhichOneof("rule"):
        case "header":
            return (header_pattern(value.header),)
        case "url_path":
            return (pattern(value.url_path.path),)
        case "uri_template":
            template = unpack(value.uri_template.typed_config, UriTemplateMatchConfig)
            return (template_words(template.path_template),) if template else ()
        case "destination_port":
            return (str(value.destination_port),)
        case "destination_ip":
            return (range_words(value.destination_ip),)
        case "requested_server_name":
            return (pattern(value.requested_server_name),)
        case "metadata":
            return value_patterns(value.metadata.value)
        case _:
            return ()
