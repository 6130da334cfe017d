"""What DestinationRules name: hosts, ports, labels of versions."""

from collections.abc import Iterable, Iterator, Mapping

from loopmesh.model.added_host import AddedHost
from loopmesh.model.problem import Problem
from loopmesh.model.traffic import DestinationRule, Subset
from loopmesh.policies.analysis import Message, policy_problem
from loopmesh.policies.references.hosts import host_problems
from loopmesh.policies.references.known import Known


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


def _ports(known: Known, rule: DestinationRule) -> Iterator[Problem]:
    """Settings for a port nobody has would never be used."""
    numbers = {port.number for host in known.covered(rule.host) for port in known.services[host].ports}
    said = {*rule.policy.ports, *(number for subset in rule.subsets for number in subset.policy.ports)}
    for number in sorted(said - numbers if numbers else ()):
        remedy = f"use {', '.join(map(str, sorted(numbers)))}"
        yield policy_problem(rule.source, f"port {number}", f"{rule.host} has no such port", remedy)


def _labels(known: Known, subset: Subset, rule: DestinationRule) -> Iterator[Problem]:
    covered = known.covered(rule.host)
    if any(isinstance(one := known.services[host], AddedHost) and one.selector for host in covered):
        return
    behind: list[Mapping[str, str]] = [labels for host in covered for labels in known.labels.get(host, ())]
    behind += [labels for host in covered for labels in known.endpoint_labels.get(host, ())]
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
