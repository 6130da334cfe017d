"""Patches of clusters (Istio `ApplyClusterMerge`)."""

from collections.abc import Iterable, Iterator

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import TransportSocket

from loopmesh.compile.patch.merging import copied, merge, merge_packed
from loopmesh.compile.patch.port import port_of
from loopmesh.compile.unknown_hosts import CLUSTERS
from loopmesh.model.outbound_policy import UnknownHosts
from loopmesh.model.patch import ClusterMatch, Direction, Operation, Patch

INBOUND, OUTBOUND = "inbound", "outbound"
PASSTHROUGH = "passthrough|"
PASSED_ON = tuple(CLUSTERS.values())
PARTS = 4


def patched_cluster(
    cluster: Cluster, patches: Iterable[Patch], direction: Direction, inbound_host: str
) -> Cluster | None:
    """A changed copy, the cluster itself where nothing is changed, None where it is removed."""
    changed = cluster
    for patch in patches:
        if not _is_meant(cluster, patch, direction, inbound_host) or patch.operation is Operation.ADD:
            continue
        if patch.operation is Operation.REMOVE:
            return None
        if changed is cluster:
            changed = copied(cluster)
        change = Cluster.FromString(patch.value)
        if change.HasField("transport_socket"):
            _merge_transport_socket(changed, change.transport_socket)
        else:
            merge(changed, change, replace_lists=patch.operation is Operation.MERGE_AND_REPLACE_LIST)
    return changed


def added_clusters(patches: Iterable[Patch], direction: Direction) -> Iterator[Cluster]:
    """Those without a direction are for outgoing calls; a gateway has no others."""
    directions = {Direction.ANY, direction}
    if direction is Direction.SIDECAR_OUTBOUND:
        directions.add(Direction.SIDECAR_INBOUND)
    for patch in patches:
        if patch.operation is Operation.ADD and patch.direction in directions:
            yield Cluster.FromString(patch.value)


def called_in_patches(name: str) -> str:
    """Istio has one cluster for all connections that are passed on."""
    return CLUSTERS[UnknownHosts.PASSED_ON] if name.startswith(PASSTHROUGH) else name


def _is_meant(cluster: Cluster, patch: Patch, direction: Direction, inbound_host: str) -> bool:
    if patch.direction not in (Direction.ANY, direction) or not isinstance(patch.match, ClusterMatch):
        return False
    name = called_in_patches(cluster.name)
    if patch.match.name:
        return bool(patch.match.name == name)
    kind, port, subset, host = (name.split("|") + [""] * PARTS)[:PARTS]
    named = inbound_host if kind == INBOUND else host
    has_port = patch.match.port in (0, port_of(port))
    return has_port and patch.match.subset in ("", subset) and patch.match.service in ("", named)


def _merge_transport_socket(cluster: Cluster, change: TransportSocket) -> None:
    """One of several sockets is changed where its name is the same; nothing else of such a patch counts."""
    if cluster.transport_socket_matches:
        sockets = [one.transport_socket for one in cluster.transport_socket_matches]
        for socket in [one for one in sockets if one.name == change.name][:1]:
            merge_packed(socket.typed_config, change.typed_config)
    elif cluster.HasField("transport_socket") and cluster.transport_socket.name == change.name:
        merge_packed(cluster.transport_socket.typed_config, change.typed_config)
    else:
        cluster.transport_socket.CopyFrom(change)
