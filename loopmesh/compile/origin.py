"""Which policy a piece of configuration comes from, written into its metadata for those who read it."""

from envoy.config.core.v3.base_pb2 import Metadata

from loopmesh.compile import names
from loopmesh.model.policy import Source

ISTIO = "istio"
LOOPMESH = "loopmesh"
NETWORKING = "networking.istio.io"
GROUPS = {"PeerAuthentication": "security.istio.io"}


def name_rule(metadata: Metadata, source: Source) -> None:
    """`istio.config` is the policy, as Istio writes it; `loopmesh.place` the rule of it (`spec.http[1]`).

    The line of the rule is not written: moving a rule down in its file is no change of the configuration.
    """
    policy = source.policy
    path = names.config_path(policy.kind, policy.namespace, policy.name, GROUPS.get(policy.kind, NETWORKING))
    metadata.filter_metadata[ISTIO].update({"config": path})
    if source.place:
        metadata.filter_metadata[LOOPMESH].update({"place": source.place})
