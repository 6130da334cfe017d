"""Which policy a piece of configuration comes from, written into its metadata for those who read it."""

from envoy.config.core.v3.base_pb2 import Metadata

from loopmesh.compile import names
from loopmesh.model.policy import Source
from loopmesh.model.setting import Setting

ISTIO = "istio"
LOOPMESH = "loopmesh"
NETWORKING = "networking.istio.io"
GROUPS = {"PeerAuthentication": "security.istio.io"}


def name_rule(metadata: Metadata, source: Source) -> None:
    """`istio.config` is the policy, as Istio writes it; `loopmesh.place` the rule of it (`spec.http[1]`).

    The line of the rule is not written: moving a rule down in its file is no change of the configuration.
    """
    metadata.filter_metadata[ISTIO].update({"config": _path(source)})
    if source.place:
        metadata.filter_metadata[LOOPMESH].update({"place": source.place})


def name_setting(metadata: Metadata, setting: Setting, source: Source) -> None:
    """`loopmesh.retries` and the like: the policy that says it, and where in it."""
    place = {"place": source.place} if source.place else {}
    metadata.filter_metadata[LOOPMESH].update({setting: {"config": _path(source), **place}})


def _path(source: Source) -> str:
    policy = source.policy
    return names.config_path(policy.kind, policy.namespace, policy.name, GROUPS.get(policy.kind, NETWORKING))
