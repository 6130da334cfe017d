"""What a ServiceEntry meets: ports that its workloads listen on, and what the mesh config says of every host."""

from collections.abc import Iterator

from loopmesh.model.added_host import AddedHost, Resolution
from loopmesh.model.mesh_settings import TrafficDefaults
from loopmesh.model.problem import Problem, Severity
from loopmesh.policies.analysis import policy_problem
from loopmesh.policies.references.known import Known


def target_problems(known: Known, added: AddedHost) -> Iterator[Problem]:
    """Istio would send calls to a port of the workload at which nobody listens, and have its address looked up."""
    if added.selector is None:
        return
    for service in known.application.services:
        labels = map(service.labels_of, service.versions)
        if not any(added.selector.selects(service.namespace, one) for one in labels):
            continue
        if added.resolution is not Resolution.STATIC:
            rule = f"{service.name}, which its workloadSelector selects, has addresses, which need no looking up"
            yield policy_problem(added.source, f"host {added.host}", rule, "say STATIC")
            return
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


def default_problems(defaults: TrafficDefaults, added: AddedHost) -> Iterator[Problem]:
    """What istiod panics on in every sidecar that sees the host (Istio `applyOutlierDetection`)."""
    if added.has_no_instances and defaults.outlier_detection is not None:
        where = defaults.outlier_detection.source
        rule = "with resolution DYNAMIC_DNS istiod fails on `defaultTrafficPolicy.outlierDetection` of the mesh config"
        rule += f" ({where.origin})" if where else ""
        yield policy_problem(added.source, f"host {added.host}", rule, "say NONE, or remove one of the two")
