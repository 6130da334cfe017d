"""Labels by which policies select workloads."""

from collections.abc import Iterator

from loopmesh.model.edge import Gateway
from loopmesh.model.policies import Policies
from loopmesh.model.policy import Source, WorkloadSelector
from loopmesh.model.problem import Origin, Problem, Severity
from loopmesh.model.security import PeerAuthentication
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.references.known import Known
from loopmesh.policies.selected import workloads

MESSAGES = {
    "AuthorizationPolicy": Message.NO_WORKLOAD,
    "Sidecar": Message.NOT_FOUND,
    "Telemetry": Message.NOT_FOUND,
}
"""What Istio's analysis says of a selector that selects nothing; of other kinds it says nothing, and here they are
warned of."""


def selectors(policies: Policies) -> Iterator[tuple[Source, WorkloadSelector, str]]:
    """Those of all policies that select workloads, with the key that says so."""
    yield from ((one.source, one.selector, "selector") for one in policies.peer_authentications)
    yield from ((one.source, one.selector, "selector") for one in policies.request_authentications)
    yield from ((one.source, one.selector, "selector") for one in policies.authorization_policies)
    yield from ((one.source, one.selector, "selector") for one in policies.telemetries)
    yield from ((one.source, one.selector, "workloadSelector") for one in policies.patches)
    yield from ((one.source, one.selector, "workloadSelector") for one in policies.destination_rules if one.selector)
    yield from ((one.source, one.selector, "workloadSelector") for one in policies.sidecars if one.selector)
    yield from ((one.source, one.selector, "workloadSelector") for one in policies.added_hosts if one.selector)


def selector_problems(known: Known, source: Source, selector: WorkloadSelector, origin: Origin) -> Iterator[Problem]:
    """A policy of the root namespace selects in all namespaces."""
    in_root = selector.namespace == known.root_namespace
    found = workloads(known.application)
    if any(selector.selects(selector.namespace if in_root else at, labels) for _, at, labels in found):
        return
    words = ", ".join(f"{name}: {value}" for name, value in selector.labels.items())
    value = f"selector {words}" if words else f"namespace {selector.namespace}"
    rule = "no workload has these labels there" if words else "no workload is in this namespace"
    remedy = "use `app: <service>`, `version:`, or the labels of a gateway"
    message = MESSAGES.get(source.policy.kind)
    if message is Message.NOT_FOUND and not words:
        message = None
    severity = None if message else Severity.WARNING
    yield policy_problem(source, value, rule, remedy, message=message, severity=severity, origin=origin)


def peer_problems(known: Known, policy: PeerAuthentication) -> Iterator[Problem]:
    root = known.root_namespace
    if policy.selector.labels and policy.selector.namespace == root:
        rule = f"Istio does not heed a selector in {root}"
        remedy = "remove it, or write the policy in the workload's namespace"
        yield policy_problem(policy.source, "selector", rule, remedy, origin=known.place(policy.source, "selector"))


def gateway_problems(known: Known, gateway: Gateway) -> Iterator[Problem]:
    if not any(gateway.selects(one.labels) for one in known.application.gateways):
        words = ", ".join(f"{name}: {value}" for name, value in gateway.labels.items())
        rule = "no gateway of the values has these labels"
        origin = known.place(gateway.source, "selector")
        yield policy_problem(
            gateway.source, f"selector {words}", rule, "add it to `gateways`", message=Message.NOT_FOUND, origin=origin
        )
