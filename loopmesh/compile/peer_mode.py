"""Which peers a workload's port accepts, by Istio's precedence."""

from dataclasses import replace

from loopmesh.model.policies import Policies
from loopmesh.model.policy import Source
from loopmesh.model.security import PeerAuthentication, PeerMode
from loopmesh.model.topology import Workload


def peer_mode(policies: Policies, workload: Workload, port: int) -> PeerMode:
    return peer_decision(policies, workload, port)[0]


def peer_decision(policies: Policies, workload: Workload, port: int) -> tuple[PeerMode, Source | None]:
    """Port of a workload policy, workload, namespace, mesh, then Istio's PERMISSIVE, which no policy says.

    Of several policies at one level the oldest counts (Istio `ComposePeerAuthentication`).
    """
    levels = _levels(policies, workload)
    for policy in levels[0]:
        if port in policy.port_modes:
            return policy.port_modes[port], replace(policy.source, place=f"spec.portLevelMtls.{port}")
    for level in levels:
        for policy in level[:1]:
            if policy.mode is not None:
                return policy.mode, replace(policy.source, place="spec.mtls")
    return PeerMode.PERMISSIVE, None


def _levels(policies: Policies, workload: Workload) -> tuple[list[PeerAuthentication], ...]:
    known = policies.peer_authentications
    selecting = [
        policy
        for policy in known
        if policy.selector.labels and policy.selector.selects(workload.namespace, workload.labels)
    ]
    wide = [policy for policy in known if not policy.selector.labels]
    namespace = [policy for policy in wide if policy.selector.namespace == workload.namespace]
    mesh = [policy for policy in wide if policy.selector.namespace == policies.settings.root_namespace]
    return selecting, namespace, mesh
