"""DestinationRule (networking.istio.io): how connections to a destination behave."""

from collections import Counter

from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.model.traffic import NO_POLICY, DestinationRule, Subset
from loopmesh.model.visibility import Visibility, only
from loopmesh.policies.destinations.traffic_policy import read_traffic_policy
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_host, check_label, qualify_host
from loopmesh.policies.visibility import read_visibility
from loopmesh.policies.workload_labels import labels_at


def read_destination_rule(document: Document, problems: list[Problem]) -> DestinationRule:
    return Fields.read(document.spec, "spec", problems, lambda fields: _rule(document, fields))


def _rule(document: Document, fields: Fields) -> DestinationRule:
    host = fields.text("host", required=True, check=check_host) or ""
    subsets = fields.objects("subsets", lambda inside: _subset(document, inside))
    for name, times in Counter(subset.name for subset in subsets).items():
        if name and times > 1:
            fields.refuse("subsets", f"two subsets are called `{name}`", "rename one")
    selector = fields.object("workloadSelector", lambda inside: read_selector(inside, document.namespace))
    rule = DestinationRule(
        source=document.source,
        host=qualify_host(host, document.namespace),
        policy=fields.object("trafficPolicy", lambda inside: read_traffic_policy(document.source, inside)) or NO_POLICY,
        subsets=subsets,
        visibility=_visibility(document, fields, selector),
        selector=selector,
    )
    if selector is None and any(tls.credential for tls in rule.every_tls):
        reason = "`credentialName` is heeded with a `workloadSelector` only; without one Istio would call in plaintext"
        fields.refuse(None, reason, "add `workloadSelector`, or name files")
    return rule


def _visibility(document: Document, fields: Fields, selector: WorkloadSelector | None) -> Visibility | None:
    """A rule for some workloads is for its own namespace."""
    said, own = read_visibility(fields, document.namespace), only(document.namespace)
    if selector is None:
        return said
    if not selector.labels:
        fields.refuse("workloadSelector", "it selects by labels", "add `matchLabels`, or remove it")
    if said not in (None, own):
        rule = "a rule for some workloads holds in its own namespace only"
        fields.refuse("exportTo", rule, "remove it, or write `.`")
    return own


def _subset(document: Document, fields: Fields) -> Subset:
    return Subset(
        name=fields.text("name", required=True, check=check_label) or "",
        labels=labels_at(fields, "labels"),
        policy=fields.object("trafficPolicy", lambda inside: read_traffic_policy(document.source, inside)) or NO_POLICY,
        source=document.source_at(fields.origin, fields.path),
    )
