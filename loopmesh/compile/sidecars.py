"""Which Sidecar holds for a workload (Istio `PushContext.getSidecarScope`)."""

from collections.abc import Iterable

from loopmesh.model.sidecar import Sidecar
from loopmesh.model.topology import Workload, WorkloadKind


class SidecarBook:
    """All Sidecars of a mesh."""

    def __init__(self, sidecars: Iterable[Sidecar], root_namespace: str) -> None:
        # Those for some workloads come before the one for all, as Istio sorts them.
        ordered = sorted(sidecars, key=lambda one: one.selector is None)
        self._by_namespace: dict[str, list[Sidecar]] = {}
        for one in ordered:
            self._by_namespace.setdefault(one.source.policy.namespace, []).append(one)
        for_all = [one for one in self._by_namespace.get(root_namespace, []) if one.selector is None]
        self._root = for_all[0] if for_all else None

    def sidecar_of(self, workload: Workload) -> Sidecar | None:
        """The first of its namespace that selects it, else the one of the root namespace; gateways have none."""
        if workload.kind is WorkloadKind.GATEWAY:
            return None
        for one in self._by_namespace.get(workload.namespace, []):
            if one.selector is None or one.selector.selects(workload.namespace, workload.labels):
                return one
        return self._root
