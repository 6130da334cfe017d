"""What a sidecar is told of (Istio's Sidecar)."""

from dataclasses import dataclass

from loopmesh.model.destinations.connection_pool import ConnectionPool
from loopmesh.model.outbound_policy import OutboundPolicy
from loopmesh.model.policy import Source, WorkloadSelector

OWN_NAMESPACE = "."
ANY_NAMESPACE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedHost:
    """Hosts of a namespace (`.` is the workload's own, `*` any) that a sidecar is told of; with `excluded`, not."""

    namespace: str
    host: str
    excluded: bool = False


ALL_HOSTS = (ImportedHost(namespace=ANY_NAMESPACE, host="*"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """For the workloads of its namespace that carry the selector's labels; without a selector for all of them, and in
    the root namespace for those of every namespace that has none of its own.

    `inbound_pool` are limits on what its program is sent. Without an `outbound` policy the mesh's holds.
    """

    source: Source
    selector: WorkloadSelector | None = None
    hosts: tuple[ImportedHost, ...] = ALL_HOSTS
    inbound_pool: ConnectionPool | None = None
    outbound: OutboundPolicy | None = None
