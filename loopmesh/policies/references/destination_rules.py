"""What DestinationRules name: hosts, ports, labels of versions."""

from collections.abc import Iterable, Iterator, Mapping

from loopmesh.model.added_host import AddedHost
from loopmesh.model.application import Service
from loopmesh.model.problem import Problem
from loopmesh.model.traffic import DestinationRule, Subset, TrafficPolicy
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.references.hosts import host_problems
from loopmesh.policies.references.known import Known

GOES_ON = (
    "a program here tells its sidecar a name, not the address of an instance it has chosen; it is there for hosts of a"
    " ServiceEntry with resolution NONE or DYNAMIC_DNS, which are called as they are named"
)


def rule_problems(known: Known, rule: DestinationRule) -> Iterator[Problem]:
    # A warning only, as in Istio: the service may come later, and nothing else is wrong then.
    origin = known.place(rule.source, "host")
    yield from host_problems(known, rule.source, rule.host, origin, Message.UNKNOWN_HOST_OF_RULE)
    namespace = rule.source.policy.namespace
    namespaces = {*known.application.namespaces, known.root_namespace}
    if namespace not in namespaces:
        text = "Istio looks for it in the namespaces of caller and service and in the root namespace"
        remedy = f"move it to one of {', '.join(sorted(namespaces))}"
        yield policy_problem(rule.source, f"namespace {namespace}", text, remedy)
    for subset in rule.subsets:
        yield from _labels(known, subset, rule)
    yield from _ports(known, rule)
    for policy in rule.every_policy:
        yield from _balancing(known, rule, policy)
    yield from _of_called_names(known, rule)


def _balancing(known: Known, rule: DestinationRule, policy: TrafficPolicy) -> Iterator[Problem]:
    if policy.balancing is None or policy.balancing.source is None or not policy.balancing.goes_on:
        return
    source = policy.balancing.source
    for called in known.covered(rule.host):
        if not isinstance(called, AddedHost) or called.is_balanced:
            yield Problem(
                origin=source.origin,
                value=f"{source.place}.simple: PASSTHROUGH",
                rule=f"loopmesh does not support this value of Istio for {called.host}: {GOES_ON}",
                remedy="use LEAST_REQUEST, ROUND_ROBIN or RANDOM",
            )
            return


def _of_called_names(known: Known, rule: DestinationRule) -> Iterator[Problem]:
    """What Istio cannot say of a host that has no instances (`applyOutlierDetection`, `applyDestinationRule`)."""
    called = [one for one in known.covered(rule.host) if isinstance(one, AddedHost)]
    host = next((one.host for one in called if one.has_no_instances), None)
    if host is None:
        return
    for policy in rule.every_policy:
        if policy.outlier_detection is not None and policy.outlier_detection.source is not None:
            text = f"{host} has resolution DYNAMIC_DNS, and istiod fails on it"
            yield policy_problem(policy.outlier_detection.source, "outlierDetection", text, "remove it")
    for subset in rule.subsets:
        text = f"{host} has resolution DYNAMIC_DNS, and Istio makes no subsets of it"
        yield policy_problem(subset.source, f"subset {subset.name}", text, "remove it")


def _ports(known: Known, rule: DestinationRule) -> Iterator[Problem]:
    """Settings for a port nobody has would never be used."""
    numbers = {port.number for service in known.covered(rule.host) for port in service.ports}
    said = {*rule.policy.ports, *(number for subset in rule.subsets for number in subset.policy.ports)}
    for number in sorted(said - numbers if numbers else ()):
        remedy = f"use {', '.join(map(str, sorted(numbers)))}"
        yield policy_problem(rule.source, f"port {number}", f"{rule.host} has no such port", remedy)


def _labels(known: Known, subset: Subset, rule: DestinationRule) -> Iterator[Problem]:
    covered = known.covered(rule.host)
    added = [one for one in covered if isinstance(one, AddedHost)]
    if any(one.selector for one in added):
        return
    services = [one for one in covered if isinstance(one, Service)]
    behind: list[Mapping[str, str]] = [one.labels_of(version) for one in services for version in one.versions]
    behind += [end.labels for one in added for end in one.endpoints]
    if behind and not any(subset.labels.items() <= labels.items() for labels in behind):
        text = f"no version of {rule.host} has its labels"
        message = Message.SUBSET_OF_NO_WORKLOAD
        yield policy_problem(subset.source, f"subset {subset.name}", text, _labels_there(behind), message=message)


def _labels_there(behind: Iterable[Mapping[str, str]]) -> str:
    """A service's versions; endpoints of other hosts have labels of their own."""
    if versions := sorted({labels["version"] for labels in behind if "version" in labels}):
        return f"use `version:` with one of {', '.join(versions)}"
    pairs = sorted({f"{key}: {value}" for labels in behind for key, value in labels.items()})
    return f"use labels of the host's endpoints: {', '.join(pairs) or 'they have none'}"
