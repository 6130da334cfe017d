"""Which patches are for a proxy, in which order (Istio `PushContext.EnvoyFilters`, `proxyMatch`)."""

import functools

import re2

from loopmesh.model.patch import Patch, ProxyMatch
from loopmesh.model.policies import Policies
from loopmesh.model.topology import ISTIO_VERSION, Workload


def patches_of(policies: Policies, workload: Workload) -> tuple[Patch, ...]:
    """By priority, then those of the root namespace, then as they were read."""
    settings = policies.settings
    chosen = [
        patch
        for patch in policies.patches
        if settings.reaches(patch.selector, workload.namespace, workload.labels)
        and _is_for(patch.proxy, workload, settings.trust_domain)
    ]
    return tuple(sorted(chosen, key=lambda one: (one.priority, one.selector.namespace != settings.root_namespace)))


def _is_for(match: ProxyMatch, workload: Workload, trust_domain: str) -> bool:
    has_version = not match.version or _is_version(match.version)
    return has_version and match.metadata.items() <= workload.metadata(trust_domain).items()


@functools.cache
def _is_version(pattern: str) -> bool:
    return re2.search(pattern, ISTIO_VERSION) is not None
