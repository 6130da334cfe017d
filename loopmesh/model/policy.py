"""What every policy has in common, and the set of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from loopmesh.model.problem import Origin


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PolicyName:
    """How a policy is named: `VirtualService shop/orders`. Unique in a policy set."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which policy a rule belongs to and where it was read; `place` is its path in the policy, such as
    `spec.http[1]`, empty for the policy as a whole."""

    policy: PolicyName
    origin: Origin
    place: str = ""

    def __str__(self) -> str:
        return f"{self.policy} ({self.origin})"

    def at(self, origin: Origin, place: str) -> "Source":
        """A part of the same policy."""
        return replace(self, origin=origin, place=place)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadSelector:
    """Workloads of `namespace` that carry all `labels`; no labels select the whole namespace."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def selects(self, namespace: str, labels: Mapping[str, str]) -> bool:
        return self.namespace == namespace and self.labels.items() <= labels.items()
