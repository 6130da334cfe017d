"""Authorizers: services a proxy asks about a request; what they answer is not known here (Envoy's ext_authz filter)."""

from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthz

from loopmesh.simulate.check import Check
from loopmesh.simulate.dynamic_metadata import matches_metadata
from loopmesh.simulate.stream import Stream

ACTION = "CUSTOM"


def check_authorizer(config: ExtAuthz, stream: Stream) -> Check | None:
    """None for a request nobody is asked about. The request is taken to pass: later rules still count."""
    if config.HasField("filter_enabled_metadata") and not matches_metadata(
        config.filter_enabled_metadata, stream.metadata
    ):
        return None
    service = config.grpc_service.envoy_grpc.cluster_name or config.http_service.server_uri.cluster
    return Check(action=ACTION, passed=True, reason=service)
