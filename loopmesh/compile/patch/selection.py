"""Which patches are for a proxy, in which order (Istio `PushContext.EnvoyFilters`)."""

from loopmesh.model.patch import Patch
from loopmesh.model.policies import Policies
from loopmesh.model.topology import Workload


def patches_of(policies: Policies, workload: Workload) -> tuple[Patch, ...]:
    """By priority, then those of the root namespace, then as they were read."""
    settings = policies.settings
    chosen = [
        patch for patch in policies.patches if settings.reaches(patch.selector, workload.namespace, workload.labels)
    ]
    return tuple(sorted(chosen, key=lambda one: (one.priority, one.selector.namespace != settings.root_namespace)))
