"""Who calls: the principals of an RBAC policy (envoy.config.rbac.v3.Principal)."""

from envoy.config.rbac.v3.rbac_pb2 import Principal
from envoy.type.matcher.v3.filter_state_pb2 import FilterStateMatcher

from loopmesh.simulate.dynamic_metadata import matches_metadata
from loopmesh.simulate.errors import NotSimulatedError
from loopmesh.simulate.filter_chain import contains
from loopmesh.simulate.header import matches_header
from loopmesh.simulate.stream import Connection, Stream
from loopmesh.simulate.text import matches_text
from loopmesh.simulate.token import FILTER as TOKEN_FILTER

PEER = "io.istio.peer_principal"
"""Where Istio's waypoints keep the caller's identity."""


def is_meant(principal: Principal, stream: Stream) -> bool:
    """Raises NotSimulatedError for a kind of condition that Istio never writes."""
    match principal.WhichOneof("identifier"):
        case "any":
            return True
        case "and_ids":
            return all(is_meant(one, stream) for one in principal.and_ids.ids)
        case "or_ids":
            return any(is_meant(one, stream) for one in principal.or_ids.ids)
        case "not_id":
            return not is_meant(principal.not_id, stream)
        case kind:
            return _holds(principal, kind, stream)


def asks_token(principal: Principal) -> bool:
    """Whether nobody without a token is meant."""
    match principal.WhichOneof("identifier"):
        case "and_ids":
            return any(map(asks_token, principal.and_ids.ids))
        case "or_ids":
            return bool(principal.or_ids.ids) and all(map(asks_token, principal.or_ids.ids))
        case "metadata":
            return principal.metadata.filter == TOKEN_FILTER and not principal.metadata.invert
        case _:
            return False


def _holds(principal: Principal, kind: str | None, stream: Stream) -> bool:
    connection = stream.connection
    match kind:
        case "authenticated":
            return _is_authenticated(principal.authenticated, connection)
        case "filter_state":
            return _has_state(principal.filter_state, connection)
        case "header":
            return matches_header(principal.header, stream.request)
        case "url_path":
            return matches_text(principal.url_path.path, stream.path)
        case "metadata":
            return matches_metadata(principal.metadata, stream.metadata)
        case "source_ip" | "remote_ip":
            return contains(getattr(principal, kind), connection.client_ip)
        case "direct_remote_ip":
            return contains(principal.direct_remote_ip, connection.remote_ip)
        case _:
            raise NotSimulatedError(f"a principal of kind {kind}")


def _is_authenticated(wanted: Principal.Authenticated, connection: Connection) -> bool:
    """Nobody is on plaintext; without a name, everybody with a certificate is."""
    if not connection.peer:
        return False
    return not wanted.HasField("principal_name") or matches_text(wanted.principal_name, connection.peer)


def _has_state(wanted: FilterStateMatcher, connection: Connection) -> bool:
    if wanted.key != PEER:
        raise NotSimulatedError(f"a condition on the filter state {wanted.key}")
    return bool(connection.peer) and matches_text(wanted.string_match, connection.peer)
