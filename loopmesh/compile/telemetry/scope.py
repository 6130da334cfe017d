"""Which Telemetry policies hold for a workload (Istio `applicableTelemetries`)."""

from collections.abc import Iterable

from loopmesh.model.policies import Policies
from loopmesh.model.telemetry import Telemetry
from loopmesh.model.topology import Workload


def telemetry_of(policies: Policies, workload: Workload) -> list[Telemetry]:
    """The mesh's, the namespace's, then those that select the workload; each overrides those before it.

    Of several without a selector in one namespace the oldest counts; one with a selector counts in its namespace only,
    which the root namespace is no exception to.
    """
    known = policies.telemetries
    namespaces = dict.fromkeys((policies.settings.root_namespace, workload.namespace))
    wide = [found for namespace in namespaces for found in _wide(known, namespace)]
    selecting = [
        one for one in known if one.selector.labels and one.selector.selects(workload.namespace, workload.labels)
    ]
    return [*wide, *selecting]


def _wide(known: Iterable[Telemetry], namespace: str) -> list[Telemetry]:
    return [one for one in known if not one.selector.labels and one.selector.namespace == namespace][:1]
