"""Which peers a workload's port accepts, by Istio's precedence."""

from collections.abc import Iterable
from dataclasses import replace

from loopmesh.model.policies import Policies
from loopmesh.model.policy import Source
from loopmesh.model.security import PeerAuthentication, PeerMode
from loopmesh.model.topology import Workload

Decision = tuple[PeerMode, Source | None]
"""A mode, and where a policy says it; Istio's PERMISSIVE is said by none."""


def peer_mode(policies: Policies, workload: Workload, port: int) -> PeerMode:
    return peer_decision(policies, workload, port)[0]


def peer_decision(policies: Policies, workload: Workload, port: int) -> Decision:
    """Port of the workload's policy, workload, namespace, mesh, then Istio's PERMISSIVE.

    Of several policies at one level the oldest counts, its ports included (Istio `ComposePeerAuthentication`).
    """
    own = _workload_policy(policies, workload)
    if own is not None and port in own.port_modes:
        return own.port_modes[port], replace(own.source, place=f"spec.portLevelMtls.{port}")
    if own is not None and own.mode is not None:
        return own.mode, replace(own.source, place="spec.mtls")
    return namespace_decision(policies, workload.namespace)


def namespace_decision(policies: Policies, namespace: str) -> Decision:
    """What holds for workloads without a policy of their own."""
    for scope in (namespace, policies.settings.root_namespace):
        wide = _wide_policy(policies, scope)
        if wide is not None and wide.mode is not None:
            return wide.mode, replace(wide.source, place="spec.mtls")
    return PeerMode.PERMISSIVE, None


def _workload_policy(policies: Policies, workload: Workload) -> PeerAuthentication | None:
    return _oldest(
        policy
        for policy in policies.peer_authentications
        if policy.selector.labels and policy.selector.selects(workload.namespace, workload.labels)
    )


def _wide_policy(policies: Policies, namespace: str) -> PeerAuthentication | None:
    return _oldest(
        policy
        for policy in policies.peer_authentications
        if not policy.selector.labels and policy.selector.namespace == namespace
    )


def _oldest(policies: Iterable[PeerAuthentication]) -> PeerAuthentication | None:
    """Policies stand in the order of their creation."""
    return next(iter(policies), None)
