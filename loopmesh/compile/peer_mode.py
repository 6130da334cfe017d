"""Which peers a workload's port accepts, by Istio's precedence."""

from dataclasses import replace

from loopmesh.compile.index import MeshIndex
from loopmesh.compile.selection import Labelled
from loopmesh.model.policy import Source
from loopmesh.model.security import PeerAuthentication, PeerMode

Decision = tuple[PeerMode, Source | None]
"""A mode, and where a policy says it; Istio's PERMISSIVE is said by none."""


def peer_mode(index: MeshIndex, workload: Labelled, port: int) -> PeerMode:
    return peer_decision(index, workload, port)[0]


def peer_decision(index: MeshIndex, workload: Labelled, port: int) -> Decision:
    """Port of the workload's policy, workload, namespace, mesh, then Istio's PERMISSIVE.

    Of several policies at one level the oldest counts, its ports included (Istio `ComposePeerAuthentication`).
    """
    own = _workload_policy(index, workload)
    if own is not None and port in own.port_modes:
        return own.port_modes[port], replace(own.source, place=f"spec.portLevelMtls.{port}")
    if own is not None and own.mode is not None:
        return own.mode, replace(own.source, place="spec.mtls")
    return namespace_decision(index, workload.namespace)


def namespace_decision(index: MeshIndex, namespace: str) -> Decision:
    """What holds for workloads without a policy of their own."""
    for scope in (namespace, index.policies.settings.root_namespace):
        wide = next(iter(index.peer_authentications.wide(scope)), None)
        if wide is not None and wide.mode is not None:
            return wide.mode, replace(wide.source, place="spec.mtls")
    return PeerMode.PERMISSIVE, None


def _workload_policy(index: MeshIndex, workload: Labelled) -> PeerAuthentication | None:
    selecting = index.peer_authentications.of(workload)
    own = (one for one in selecting if one.selector.labels and one.selector.namespace == workload.namespace)
    return next(own, None)
