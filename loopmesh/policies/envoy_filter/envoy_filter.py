"""An EnvoyFilter and its patches."""

from loopmesh.model.patch import (
    EVERY_PROXY,
    ClusterMatch,
    Direction,
    ListenerMatch,
    Operation,
    Patch,
    RouteMatch,
    Target,
)
from loopmesh.model.policy import WorkloadSelector
from loopmesh.model.problem import Problem
from loopmesh.policies.document import Document, read_selector
from loopmesh.policies.envoy_filter.match import read_match
from loopmesh.policies.envoy_filter.value import read_value
from loopmesh.policies.fields import Fields

MOST = 2**31 - 1
UNSUPPORTED = {"targetRefs": "it attaches a policy to waypoints and gateways of the Gateway API"}
UNSUPPORTED_TARGETS = {
    "BOOTSTRAP": "every proxy starts from loopmesh's own bootstrap",
    "EXTENSION_CONFIG": "filters are pushed with their listeners; put the configuration into an HTTP_FILTER",
}
EDITS = (
    *(Operation.ADD, Operation.REMOVE, Operation.REPLACE),
    *(Operation.INSERT_BEFORE, Operation.INSERT_AFTER, Operation.INSERT_FIRST),
)
EVERYTHING = (Direction.ANY, EVERY_PROXY, None)
MERGES = (Operation.MERGE, Operation.MERGE_AND_REPLACE_LIST)
OPERATIONS = {
    Target.LISTENER: (*MERGES, Operation.REMOVE),
    Target.LISTENER_FILTER: (Operation.MERGE, *EDITS),
    Target.FILTER_CHAIN: (*MERGES, Operation.ADD, Operation.REMOVE),
    Target.NETWORK_FILTER: (Operation.MERGE, *EDITS),
    Target.HTTP_FILTER: (Operation.MERGE, *EDITS),
    Target.ROUTE_CONFIGURATION: MERGES,
    Target.VIRTUAL_HOST: (*MERGES, Operation.ADD, Operation.REMOVE, Operation.REPLACE),
    Target.HTTP_ROUTE: (*MERGES, *(one for one in EDITS if one is not Operation.REPLACE)),
    Target.CLUSTER: (*MERGES, Operation.ADD, Operation.REMOVE),
}
"""What does something under Istio."""
ADDITIONS = (Operation.ADD, Operation.INSERT_BEFORE, Operation.INSERT_AFTER, Operation.INSERT_FIRST)
NEEDS_NAME = (Operation.MERGE, Operation.REMOVE, Operation.REPLACE)
NEEDS_FILTER = {Target.LISTENER_FILTER, Target.NETWORK_FILTER, Target.HTTP_FILTER}


def read_envoy_filter(document: Document, problems: list[Problem]) -> tuple[Patch, ...]:
    return Fields.read(document.spec, "spec", problems, lambda fields: _patches(document, fields))


def _patches(document: Document, fields: Fields) -> tuple[Patch, ...]:
    fields.unsupported(UNSUPPORTED)
    everyone = WorkloadSelector(namespace=document.namespace)
    selector = fields.object("workloadSelector", lambda inside: read_selector(inside, document.namespace, "labels"))
    priority = fields.integer("priority", least=-MOST, most=MOST) or 0
    if not fields.has("configPatches") or fields.is_empty("configPatches"):
        fields.refuse(None, "`configPatches` has at least one patch", "add a patch")
    patches = fields.objects("configPatches", lambda inside: _patch(document, selector or everyone, priority, inside))
    return tuple(patch for patch in patches if patch is not None)


def _patch(document: Document, selector: WorkloadSelector, priority: int, fields: Fields) -> Patch | None:
    target = fields.choice("applyTo", Target, unsupported=UNSUPPORTED_TARGETS)
    for key in ("applyTo", "patch"):
        if not fields.has(key):
            fields.refuse(None, f"`{key}` is required", f"add `{key}`")
    if target is None:
        fields.ignore("match", "patch")
        return None
    direction, proxy, match = fields.object("match", lambda inside: read_match(target, inside)) or EVERYTHING
    match = match or _everything(target)
    change = fields.object("patch", lambda inside: _change(target, match, inside))
    if change is None:
        return None
    return Patch(
        source=document.source_at(fields.origin, fields.path),
        selector=selector,
        priority=priority,
        target=target,
        operation=change[0],
        direction=direction,
        proxy=proxy,
        match=match,
        value=change[1],
    )


def _everything(target: Target) -> ListenerMatch | RouteMatch | ClusterMatch:
    if target is Target.CLUSTER:
        return ClusterMatch()
    if target in (Target.ROUTE_CONFIGURATION, Target.VIRTUAL_HOST, Target.HTTP_ROUTE):
        return RouteMatch()
    return ListenerMatch()


def _change(
    target: Target, match: ListenerMatch | RouteMatch | ClusterMatch, fields: Fields
) -> tuple[Operation, bytes] | None:
    fields.unsupported({"filterClass": "Istio does not heed it"})
    operation = fields.choice("operation", Operation)
    if not fields.has("operation"):
        fields.refuse(None, "`operation` is required", f"add one of {', '.join(OPERATIONS[target])}")
    if operation is None:
        fields.ignore("value")
        return None
    if operation not in OPERATIONS[target]:
        fields.refuse("operation", _without_effect(target, operation), f"use one of {', '.join(OPERATIONS[target])}")
    if operation in NEEDS_NAME and target in NEEDS_FILTER and not _names_filter(target, match):
        rule = "it does nothing unless `match` names the filter"
        if operation is Operation.MERGE and target is not Target.LISTENER_FILTER:
            rule = "Istio gives all patches up where it meets a filter of another type"
        fields.refuse("operation", rule, "name the filter in `match`")
    if operation is Operation.REMOVE:
        fields.ignore("value")
        return operation, b""
    return operation, read_value(target, fields)


def _without_effect(target: Target, operation: Operation) -> str:
    if operation in ADDITIONS and target is Target.LISTENER:
        return "two proxies of one machine cannot open one port"
    if operation in ADDITIONS and Operation.ADD in OPERATIONS[target]:
        return f"Istio takes it for ADD, for a {target} has no place among others"
    return f"it does nothing to a {target}"


def _names_filter(target: Target, match: ListenerMatch | RouteMatch | ClusterMatch) -> bool:
    if not isinstance(match, ListenerMatch):
        return False
    if target is Target.LISTENER_FILTER:
        return bool(match.listener_filter)
    return (match.chain.http_filter if target is Target.HTTP_FILTER else match.chain.filter) is not None
