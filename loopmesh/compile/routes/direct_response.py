"""Answers of the proxy itself (Istio `ApplyDirectResponse`)."""

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.route.v3.route_components_pb2 import DirectResponseAction
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from loopmesh.model.routes.direct_response import DirectResponse

MOST_BODY_BYTES = 1024 * 1024


def direct_response_action(response: DirectResponse) -> DirectResponseAction:
    action = DirectResponseAction(status=response.status)
    if response.body:
        action.body.CopyFrom(_source(response.body))
    return action


def allow_bodies(configuration: RouteConfiguration) -> None:
    """Lets answers be as long as Istio lets them be; Envoy's default is 4 KiB."""
    configuration.max_direct_response_body_size_bytes.value = MOST_BODY_BYTES


def _source(body: bytes) -> DataSource:
    try:
        return DataSource(inline_string=body.decode())
    except UnicodeDecodeError:
        return DataSource(inline_bytes=body)
