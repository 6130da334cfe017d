"""What may be done: the permissions of an RBAC policy (envoy.config.rbac.v3.Permission)."""

from envoy.config.rbac.v3.rbac_pb2 import Permission
from envoy.extensions.path.match.uri_template.v3.uri_template_match_pb2 import UriTemplateMatchConfig

from loopmesh.simulate.dynamic_metadata import matches_metadata
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.filter_chain import contains
from loopmesh.simulate.header import matches_header
from loopmesh.simulate.path import matches_template
from loopmesh.simulate.proxy import unpack
from loopmesh.simulate.stream import Stream
from loopmesh.simulate.text import matches_text


def permits(permission: Permission, stream: Stream) -> bool:
    """Raises NotSimulatedError for a kind of condition that Istio never writes."""
    match permission.WhichOneof("rule"):
        case "any":
            return True
        case "and_rules":
            return all(permits(one, stream) for one in permission.and_rules.rules)
        case "or_rules":
            return any(permits(one, stream) for one in permission.or_rules.rules)
        case "not_rule":
            return not permits(permission.not_rule, stream)
        case kind:
            return _holds(permission, kind, stream)


def _holds(permission: Permission, kind: str | None, stream: Stream) -> bool:
    request, connection = stream.request, stream.connection
    match kind:
        case "header":
            return matches_header(permission.header, request)
        case "url_path":
            return matches_text(permission.url_path.path, stream.path)
        case "uri_template":
            template = unpack(permission.uri_template.typed_config, UriTemplateMatchConfig)
            return template is not None and matches_template(template.path_template, request.bare_path)
        case "destination_port":
            return connection.port == int(permission.destination_port)
        case "destination_port_range":
            span = permission.destination_port_range
            return int(span.start) <= connection.port < int(span.end)
        case "destination_ip":
            return contains(permission.destination_ip, connection.local_ip)
        case "requested_server_name":
            return matches_text(permission.requested_server_name, connection.server_name)
        case "metadata":
            return matches_metadata(permission.metadata, stream.metadata)
        case _:
            raise NotSimulatedError(f"a permission of kind {kind}")
