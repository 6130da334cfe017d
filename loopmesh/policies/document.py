"""One policy as read: its name, its kind and its tree; not yet understood."""

from dataclasses import dataclass

from loopmesh.model.policy import PolicyName, Source, WorkloadSelector
from loopmesh.model.problem import Origin, Problem
from loopmesh.policies.fields import Fields
from loopmesh.policies.yaml_tree import Node

NETWORKING = ("networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3")
SECURITY = ("security.istio.io/v1", "security.istio.io/v1beta1")
API_VERSIONS = {
    "AuthorizationPolicy": SECURITY,
    "DestinationRule": NETWORKING,
    "EnvoyFilter": ("networking.istio.io/v1alpha3",),
    "Gateway": NETWORKING,
    "PeerAuthentication": SECURITY,
    "VirtualService": NETWORKING,
}
"""The kinds loopmesh understands, and the versions of the API each is written in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`spec` is absent for an empty one."""

    policy: PolicyName
    origin: Origin
    spec: Node

    def source_at(self, origin: Origin) -> Source:
        return Source(policy=self.policy, origin=origin)

    @property
    def source(self) -> Source:
        return self.source_at(self.origin)

    @property
    def namespace(self) -> str:
        return self.policy.namespace


def read_document(node: Node, default_namespace: str, problems: list[Problem]) -> Document | None:
    """The envelope of a policy; None when it is too broken to have a name."""
    return Fields.read(node, "", problems, lambda fields: _read(fields, default_namespace))


def _read(fields: Fields, default_namespace: str) -> Document | None:
    version = fields.text("apiVersion", required=True)
    kind = fields.text("kind", required=True)
    named = fields.object("metadata", _metadata)
    spec = fields.node_at("spec") or Node(fields.origin, {})
    fields.ignore("status")
    if kind is not None and kind not in API_VERSIONS:
        fields.refuse("kind", "loopmesh does not support this kind", f"remove it; known: {', '.join(API_VERSIONS)}")
        return None
    if kind is None or version is None:
        return None
    if version not in API_VERSIONS[kind]:
        fields.refuse("apiVersion", f"{kind} is {' or '.join(API_VERSIONS[kind])}", f"write {API_VERSIONS[kind][0]}")
        return None
    if named is None or not named[0]:
        fields.refuse(None, "`metadata.name` is required", "name the policy")
        return None
    policy = PolicyName(kind=kind, namespace=named[1] or default_namespace, name=named[0])
    return Document(policy=policy, origin=fields.origin, spec=spec)


def _metadata(fields: Fields) -> tuple[str, str]:
    fields.ignore("labels", "annotations")
    return fields.text("name") or "", fields.text("namespace") or ""


def read_selector(fields: Fields, namespace: str, key: str = "matchLabels") -> WorkloadSelector:
    """`selector: {matchLabels: …}`; the caller passes the fields inside."""
    return WorkloadSelector(namespace=namespace, labels=fields.labels(key))
