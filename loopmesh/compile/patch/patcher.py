"""Puts the patches of a proxy into its configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from google.protobuf.message import Message

from loopmesh.compile import names
from loopmesh.compile.patch.clusters import (
    INBOUND,
    OUTBOUND,
    PASSED_ON,
    added_clusters,
    called_in_patches,
    patched_cluster,
)
from loopmesh.compile.patch.listeners import INBOUND_NAME, Place, patched_listener
from loopmesh.compile.patch.port import port_of
from loopmesh.compile.patch.routes import patched_routes
from loopmesh.compile.patch.selection import patches_of
from loopmesh.compile.proxy_config import ProxyConfig
from loopmesh.model.patch import Direction, Patch, Target
from loopmesh.model.policies import Policies
from loopmesh.model.topology import Workload, WorkloadKind

Patches = Mapping[Target, Sequence[Patch]]
ROUTE_TARGETS = (Target.ROUTE_CONFIGURATION, Target.VIRTUAL_HOST, Target.HTTP_ROUTE)
LISTENER_TARGETS = (
    *(Target.LISTENER, Target.LISTENER_FILTER, Target.FILTER_CHAIN, Target.NETWORK_FILTER, Target.HTTP_FILTER),
    *ROUTE_TARGETS,
)


class Patcher:
    """For one compilation: what several proxies share is patched once for all that have the same patches.

    What was done is known by the message's identity, so the message is kept beside the result.
    """

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._done: dict[tuple[object, ...], dict[int, tuple[Message, Message | None]]] = {}

    def apply(self, workload: Workload, config: ProxyConfig) -> ProxyConfig:
        """The configuration itself where no patch is for the workload."""
        chosen = patches_of(self._policies, workload) if self._policies.patches else ()
        if not chosen:
            return config
        patches: dict[Target, list[Patch]] = {}
        for patch in chosen:
            patches.setdefault(patch.target, []).append(patch)
        outgoing = Direction.GATEWAY if workload.kind is WorkloadKind.GATEWAY else Direction.SIDECAR_OUTBOUND
        return replace(
            config,
            clusters=self._clusters(workload, config.clusters, patches.get(Target.CLUSTER, ()), outgoing),
            listeners=_listeners(workload, config.listeners, patches),
            routes=self._routes(config.routes, patches, outgoing),
        )

    def _clusters(
        self, workload: Workload, clusters: Mapping[str, Message], patches: Sequence[Patch], outgoing: Direction
    ) -> Mapping[str, Message]:
        if not patches:
            return clusters
        done = self._done.setdefault((outgoing, *map(id, patches)), {})
        found: dict[str, Message] = {}
        for name, cluster in clusters.items():
            known = done.get(id(cluster))
            if known is None:
                known = done[id(cluster)] = cluster, _cluster(workload, cluster, patches, outgoing)
            if known[1] is not None:
                found[name] = known[1]
        return found | {one.name: one for one in added_clusters(patches, outgoing)}

    def _routes(self, routes: Mapping[str, Message], patches: Patches, outgoing: Direction) -> Mapping[str, Message]:
        chosen = [patch for target in ROUTE_TARGETS for patch in patches.get(target, ())]
        if not chosen:
            return routes
        done = self._done.setdefault((outgoing, *map(id, chosen)), {})
        found: dict[str, Message] = {}
        for name, one in routes.items():
            is_ours = name == names.OUTBOUND_ROUTES
            direction = Direction.SIDECAR_OUTBOUND if is_ours else Direction.GATEWAY
            found[name] = one
            if isinstance(one, RouteConfiguration) and direction is outgoing:
                if id(one) not in done:
                    done[id(one)] = one, patched_routes(one, patches, direction)
                found[name] = done[id(one)][1] or one
        return found


def _cluster(workload: Workload, cluster: Message, patches: Sequence[Patch], outgoing: Direction) -> Message | None:
    """None where it is removed; clusters that are for no calls of programs stay."""
    if not isinstance(cluster, Cluster):
        return cluster
    kind = called_in_patches(cluster.name).partition("|")[0]
    directions = {OUTBOUND: outgoing, INBOUND: Direction.SIDECAR_INBOUND}
    if outgoing is Direction.SIDECAR_OUTBOUND:
        # Istio's gateways pass nothing on.
        directions |= dict.fromkeys(PASSED_ON, outgoing)
    direction = directions.get(kind)
    return cluster if direction is None else patched_cluster(cluster, patches, direction, workload.host)


def _listeners(workload: Workload, listeners: Mapping[str, Message], patches: Patches) -> Mapping[str, Message]:
    if not any(target in patches for target in LISTENER_TARGETS):
        return listeners
    found: dict[str, Message] = {}
    for name, listener in listeners.items():
        place = _place(workload, name)
        patched: Message | None = listener
        if place is not None and isinstance(listener, Listener):
            patched = patched_listener(listener, patches, place)
        if patched is not None:
            found[name] = patched
    return found


def _place(workload: Workload, name: str) -> Place | None:
    """None for listeners Istio has none like; a gateway has no program that calls."""
    kind, _, rest = name.partition("|")
    port = port_of(rest.partition("|")[0])
    if workload.kind is WorkloadKind.GATEWAY:
        return Place(direction=Direction.GATEWAY, name=f"0.0.0.0_{port}", port=port) if kind == "gateway" else None
    if kind == INBOUND:
        return Place(direction=Direction.SIDECAR_INBOUND, name=INBOUND_NAME, port=port)
    if kind == "tcp":
        return Place(direction=Direction.SIDECAR_OUTBOUND, port=port)
    return Place(direction=Direction.SIDECAR_OUTBOUND) if kind in (OUTBOUND, "forward") else None
