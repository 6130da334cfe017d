"""DestinationRule (networking.istio.io): how connections to a destination behave."""

from collections import Counter

from loopmesh.model.problem import Problem
from loopmesh.model.traffic import NO_POLICY, DestinationRule, Subset
from loopmesh.model.visibility import only
from loopmesh.policies.destinations.traffic_policy import read_traffic_policy
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.fields import Fields
from loopmesh.policies.host_names import check_host, check_label, qualify_host
from loopmesh.policies.visibility import read_visibility


def read_destination_rule(document: Document, problems: list[Problem]) -> DestinationRule:
    return Fields.read(document.spec, "spec", problems, lambda fields: _rule(document, fields))


def _rule(document: Document, fields: Fields) -> DestinationRule:
    host = fields.text("host", required=True, check=check_host) or ""
    subsets = fields.objects("subsets", lambda inside: _subset(document, inside))
    for name, times in Counter(subset.name for subset in subsets).items():
        if name and times > 1:
            fields.refuse("subsets", f"two subsets are called `{name}`", "rename one")
    visibility = read_visibility(fields, document.namespace)
    selector = fields.object("workloadSelector", lambda inside: read_selector(inside, document.namespace))
    if selector is not None:
        if not selector.labels:
            fields.refuse("workloadSelector", "it selects by labels", "add `matchLabels`, or remove it")
        own = only(document.namespace)
        if fields.has("exportTo") and visibility != own:
            rule = "a rule for some workloads holds in its own namespace only"
            fields.refuse("exportTo", rule, "remove it, or write `.`")
        visibility = own
    return DestinationRule(
        source=document.source,
        host=qualify_host(host, document.namespace),
        policy=fields.object("trafficPolicy", read_traffic_policy) or NO_POLICY,
        subsets=subsets,
        visibility=visibility,
        selector=selector,
    )


def _subset(document: Document, fields: Fields) -> Subset:
    return Subset(
        name=fields.text("name", required=True, check=check_label) or "",
        labels=fields.labels("labels"),
        policy=fields.object("trafficPolicy", read_traffic_policy) or NO_POLICY,
        source=document.source_at(fields.origin, fields.path),
    )
