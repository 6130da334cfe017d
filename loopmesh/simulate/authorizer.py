"""Authorizers: services a proxy asks about a request; what they answer is not known here (Envoy's ext_authz filter)."""

from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthz
from envoy.extensions.filters.network.ext_authz.v3.ext_authz_pb2 import ExtAuthz as NetworkExtAuthz

from loopmesh.simulate.check import Check, RuleResult
from loopmesh.simulate.dynamic_metadata import matches_metadata, said_by
from loopmesh.simulate.origin import rule_of_rbac
from loopmesh.simulate.stream import Stream

ACTION = "CUSTOM"


def check_authorizer(config: ExtAuthz | NetworkExtAuthz, stream: Stream) -> Check | None:
    """None for a request nobody is asked about. The request is taken to pass: later rules still count."""
    if config.HasField("filter_enabled_metadata") and not matches_metadata(
        config.filter_enabled_metadata, stream.metadata
    ):
        return None
    service = config.grpc_service.envoy_grpc.cluster_name
    if not service and isinstance(config, ExtAuthz):
        service = config.http_service.server_uri.cluster
    asking = _asking(config, stream)
    return Check(action=ACTION, passed=True, decided_by=asking, rules=(asking,) if asking else (), reason=service)


def _asking(config: ExtAuthz | NetworkExtAuthz, stream: Stream) -> RuleResult | None:
    """The rule that wants it asked, as the filter before has noted."""
    name = said_by(config.filter_enabled_metadata, stream.metadata)
    if not isinstance(name, str):
        return None
    return RuleResult(name=name, rule=rule_of_rbac(name))
