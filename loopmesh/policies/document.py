"""One policy as read: its name, its kind and its tree; not yet understood."""

import difflib
from dataclasses import dataclass

from loopmesh.model.policy import PolicyName, Source, WorkloadSelector
from loopmesh.model.problem import Origin, Problem
from loopmesh.policies.analysis import Message
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_name
from loopmesh.policies.refused_kinds import GATEWAY_API, ISTIO, NO_GATEWAY_API, REFUSED_KINDS
from loopmesh.policies.yaml_tree import Node

NETWORKING = ("networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3")
TELEMETRY = ("telemetry.istio.io/v1", "telemetry.istio.io/v1alpha1")
SECURITY = ("security.istio.io/v1", "security.istio.io/v1beta1")
API_VERSIONS = {
    "AuthorizationPolicy": SECURITY,
    "DestinationRule": NETWORKING,
    "EnvoyFilter": ("networking.istio.io/v1alpha3",),
    "Gateway": NETWORKING,
    "PeerAuthentication": SECURITY,
    "RequestAuthentication": SECURITY,
    "ServiceEntry": NETWORKING,
    "Sidecar": NETWORKING,
    "Telemetry": TELEMETRY,
    "VirtualService": NETWORKING,
}
"""The kinds loopmesh understands, and the versions of the API each is written in."""
BOOKKEEPING = ("creationTimestamp", "finalizers", "generation", "managedFields", "ownerReferences", "resourceVersion")
IDENTITY = ("selfLink", "uid")
"""What a cluster adds to `metadata` when it is asked for its policies; it says nothing about the mesh."""
LEAVE_OUT = "leave it out of the policies"
DRY_RUN = "istio.io/dry-run"
TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
"""What Go's `strconv.ParseBool` takes, by which Istio reads the annotation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`spec` is empty for a policy without one; `whole` is the document as it was read. `is_dry_run` is what an
    annotation says, None without it."""

    policy: PolicyName
    origin: Origin
    spec: Node
    whole: Node
    is_dry_run: bool | None = None

    def source_at(self, origin: Origin, place: str = "") -> Source:
        return Source(policy=self.policy, origin=origin, place=place)

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
    if kind in REFUSED_KINDS:
        rule = f"loopmesh does not support this kind: {REFUSED_KINDS[kind]}"
        fields.refuse("kind", rule, LEAVE_OUT)
        fields.ignore_rest()
        return None
    if kind is not None and kind not in API_VERSIONS:
        _refuse_unknown(fields, kind, version)
        return None
    if kind is None or version is None:
        return None
    if version.startswith(GATEWAY_API):
        fields.refuse("apiVersion", NO_GATEWAY_API, f"write Istio's {kind} of {API_VERSIONS[kind][0]}")
        return None
    if version not in API_VERSIONS[kind]:
        fields.refuse("apiVersion", f"{kind} is {' or '.join(API_VERSIONS[kind])}", f"write {API_VERSIONS[kind][0]}")
        return None
    if named is None:
        fields.refuse(None, "`metadata` is required", "add `metadata: {name: …}`")
    if named is None or not named[0]:
        return None
    policy = PolicyName(kind=kind, namespace=named[1] or default_namespace, name=named[0])
    if named[2] is not None and kind != "AuthorizationPolicy":
        fields.refuse("metadata", f"Istio takes {DRY_RUN} of an AuthorizationPolicy only", "remove the annotation")
    return Document(policy=policy, origin=fields.origin, spec=spec, whole=fields.node, is_dry_run=named[2])


def _refuse_unknown(fields: Fields, kind: str, version: str | None) -> None:
    if version and not version.partition("/")[0].endswith(ISTIO):
        fields.refuse("kind", "it is no policy of Istio", LEAVE_OUT)
    else:
        close = difflib.get_close_matches(kind, API_VERSIONS, n=1, cutoff=0.75)
        remedy = f"did you mean {close[0]}?" if close else f"remove it; known: {', '.join(API_VERSIONS)}"
        fields.refuse("kind", "loopmesh does not support this kind", remedy)
    fields.ignore_rest()


def _metadata(fields: Fields) -> tuple[str, str, bool | None]:
    """The policy's name and namespace, and whether it is a dry run; no other annotation changes what a policy does."""
    fields.ignore("labels", *BOOKKEEPING, *IDENTITY)
    name = fields.text("name", required=True, check=check_name) or ""
    return name, fields.text("namespace", check=check_name) or "", _is_dry_run(fields)


def _is_dry_run(fields: Fields) -> bool | None:
    """None without the annotation."""
    annotations = fields.node_at("annotations")
    if annotations is None or not isinstance(annotations.value, dict) or DRY_RUN not in annotations.value:
        return None
    said = annotations.value[DRY_RUN]
    if isinstance(said.value, str) and said.value in TRUE | FALSE:
        return said.value in TRUE
    fields.refuse("annotations", f"{DRY_RUN} is true or false, as a text", 'write "true" or "false"', at=said)
    return None


def read_selector(fields: Fields, namespace: str, key: str = "matchLabels") -> WorkloadSelector:
    """`selector: {matchLabels: …}`; the caller passes the fields inside (Istio `validateWorkloadSelector`)."""
    labels = fields.labels(key)
    if any("*" in text for pair in labels.items() for text in pair):
        fields.refuse(key, "a selector has no wildcards", "write the label in full, or leave it out")
    if "" in labels:
        fields.refuse(key, "a label has a name", "remove the empty one")
    if key == "labels" and not labels:
        fields.warn(key, Message.SCHEMA_WARNING, "a selector without labels selects everybody", "add labels")
    return WorkloadSelector(namespace=namespace, labels=labels)
