"""Ports that a ServiceEntry's workloads listen on."""

from collections.abc import Iterator

from loopmesh.model.added_host import AddedHost
from loopmesh.model.problem import Problem, Severity
from loopmesh.policies.analysis import policy_problem
from loopmesh.policies.references.known import Known


def target_problems(known: Known, added: AddedHost) -> Iterator[Problem]:
    """Istio would send calls to a port of the workload at which nobody listens."""
    if added.selector is None:
        return
    for service in known.application.services:
        labels = map(service.labels_of, service.versions)
        if not any(added.selector.selects(service.namespace, one) for one in labels):
            continue
        listens = {port.number for port in service.ports}
        for port in added.ports:
            target = added.target(port)
            if target not in listens:
                rule = f"{service.name}, which its workloadSelector selects, does not listen there"
                remedy = f"add `targetPort`, one of {', '.join(map(str, sorted(listens)))}"
                yield policy_problem(added.source, f"port {target}", rule, remedy)
            elif target != service.program_port:
                rule = f"on Kubernetes the program of {service.name} listens at {service.program_port} only"
                remedy = f"say `targetPort: {service.program_port}`"
                yield policy_problem(added.source, f"port {target}", rule, remedy, severity=Severity.WARNING)
