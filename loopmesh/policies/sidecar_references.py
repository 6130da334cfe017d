"""What a Sidecar names must exist: its workloads, namespaces and hosts."""

from collections.abc import Callable, Iterator

from loopmesh.model.application import Application
from loopmesh.model.policies import Policies
from loopmesh.model.policy import Source
from loopmesh.model.problem import Origin, Problem, Severity
from loopmesh.model.sidecar import ANY_NAMESPACE, OWN_NAMESPACE, ImportedHost, Sidecar
from loopmesh.policies.host_names import overlap
from loopmesh.policies.selected import selects_there

Place = Callable[[Source, str], Origin]


def sidecar_problems(sidecar: Sidecar, policies: Policies, application: Application, place: Place) -> Iterator[Problem]:
    """A problem for what would be said in vain."""
    root = policies.settings.root_namespace
    in_root = sidecar.source.policy.namespace == root
    if sidecar.selector is not None and in_root and not selects_there(sidecar.selector, application):
        rule = f"in {root} Istio heeds a selector for the workloads there only"
        remedy = "remove the selector, or write the policy in the workload's namespace"
        yield _problem(sidecar, "workloadSelector", rule, remedy, place(sidecar.source, "workloadSelector"))
    known = [(service.namespace, service.host) for service in application.services]
    known += [(added.namespace, added.host) for added in policies.added_hosts]
    known += [(one.source.policy.namespace, host) for one in policies.routings for host in one.hosts]
    for wanted in sidecar.hosts:
        if wanted.excluded or wanted.namespace == root:
            continue
        if not any(_means(wanted, namespace, host) for namespace, host in known):
            rule = "no service and no VirtualService there has such a host"
            hosts = ", ".join(sorted({host for _, host in known})[:10])
            value = f"host {wanted.namespace}/{wanted.host}"
            origin = place(sidecar.source, "egress")
            yield _problem(sidecar, value, rule, f"known: {hosts}", origin, severity=Severity.WARNING)


def _means(wanted: ImportedHost, namespace: str, host: str) -> bool:
    return wanted.namespace in (ANY_NAMESPACE, OWN_NAMESPACE, namespace) and overlap(wanted.host, host)


def _problem(
    sidecar: Sidecar, value: str, rule: str, remedy: str, origin: Origin, *, severity: Severity = Severity.ERROR
) -> Problem:
    value = f"{sidecar.source.policy}: {value}"
    return Problem(origin=origin, value=value, rule=rule, remedy=remedy, severity=severity)
