"""What holds for calls to a host (Istio's DestinationRule)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from loopmesh.model.destinations.balancing import Balancing
from loopmesh.model.destinations.client_tls import ClientTls, TlsMode
from loopmesh.model.destinations.connection_pool import ConnectionPool
from loopmesh.model.destinations.outlier_detection import OutlierDetection
from loopmesh.model.policy import Source, WorkloadSelector
from loopmesh.model.visibility import Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget:
    """Retries may be `percent` of the calls that are on their way, and always `min_concurrency`.

    With an interval the calls that began within it count, whether or not they have ended. `source` is where it was
    read.
    """

    percent: float
    min_concurrency: int
    interval_ms: int | None = None
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPolicy:
    """What is None is inherited: subset from rule, rule from Istio's defaults; `ports` replace all of it for a port.

    Without `tls` a caller meets each instance as its sidecar wants to be met.
    """

    balancing: Balancing | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTls | None = None
    retry_budget: RetryBudget | None = None
    ports: Mapping[int, "TrafficPolicy"] = field(default_factory=dict)

    def at_port(self, port: int) -> "TrafficPolicy":
        """What holds for a port (Istio `GetPortLevelTrafficPolicy`)."""
        return self.ports.get(port, self)

    def refined(self, subset: "TrafficPolicy", port: int) -> "TrafficPolicy":
        """What holds for a port of a subset: each part the subset names replaces the rule's; what it says for this very
        port replaces everything but the retry budget (Istio `MergeSubsetTrafficPolicy`)."""
        whole = self.at_port(port)
        if port in subset.ports:
            return replace(subset.ports[port], retry_budget=whole.retry_budget)
        return TrafficPolicy(
            balancing=subset.balancing or whole.balancing,
            connection_pool=subset.connection_pool or whole.connection_pool,
            outlier_detection=subset.outlier_detection or whole.outlier_detection,
            tls=subset.tls or whole.tls,
            retry_budget=subset.retry_budget or whole.retry_budget,
        )


NO_POLICY = TrafficPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """The instances of the host that carry all `labels`."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    policy: TrafficPolicy = NO_POLICY
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRule:
    """Applies to `host`, fully qualified or a wildcard such as `*.shop.svc.cluster.local`, for callers in the
    namespaces it is visible in; with a selector, for those of its own namespace that carry the labels."""

    source: Source
    host: str
    policy: TrafficPolicy = NO_POLICY
    subsets: tuple[Subset, ...] = ()
    visibility: Visibility | None = None
    """None is the mesh's default."""
    selector: WorkloadSelector | None = None

    def tls_mode(self, subset: str, port: int) -> TlsMode | None:
        """What it says of TLS for a port; where the settings of a port say nothing, the rest still counts for this
        (Istio `trafficPolicyTLSModeForPort`)."""
        for policy in (self.subset_policy(subset), self.policy):
            for said in (policy.at_port(port).tls, policy.tls):
                if said is not None:
                    return said.mode
        return None

    @property
    def every_tls(self) -> Iterator[ClientTls]:
        """What it says of TLS anywhere."""
        return (one.tls for one in self.every_policy if one.tls is not None)

    @property
    def every_policy(self) -> Iterator[TrafficPolicy]:
        """What it says anywhere: for all calls, for a subset, for a port."""
        for policy in (self.policy, *(subset.policy for subset in self.subsets)):
            yield from (policy, *policy.ports.values())

    def subset_labels(self, name: str) -> Mapping[str, str]:
        """What the instances of a subset carry; nothing for the empty name."""
        return next((subset.labels for subset in self.subsets if subset.name == name), {})

    def subset_policy(self, name: str) -> TrafficPolicy:
        """What a subset says for itself; nothing for the empty name."""
        return next((subset.policy for subset in self.subsets if subset.name == name), NO_POLICY)
