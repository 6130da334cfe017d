"""What turns policies into proxies' configuration: loopmesh's own compiler, or Istio's generator."""

from collections.abc import Callable, Mapping
from typing import Protocol

from loopmesh.cli.options import ControlPlaneKind
from loopmesh.compile import ProxyConfig, compile_mesh
from loopmesh.model.application import Application
from loopmesh.model.policies import Policies
from loopmesh.model.token import KeySource, key_timeouts
from loopmesh.model.topology import LOOPBACK, Inbound, Topology, Workload
from loopmesh.policies import PolicySet, check_policies


class Compiler(Protocol):
    """Used by one mesh; `start` comes first, `close` last."""

    async def start(self, report: Callable[[str], None]) -> None:
        """Raises RunError."""

    async def close(self) -> None: ...

    def check(self, policy_set: PolicySet, application: Application) -> Policies:
        """What can be told without compiling. Raises InvalidInputError."""

    def fetched_keys(self, policies: Policies, application: Application) -> Mapping[KeySource, int]:
        """The keys of token issuers that this machine fetches, each with the milliseconds it may take."""

    async def compile(self, topology: Topology, policy_set: PolicySet, policies: Policies) -> Mapping[str, ProxyConfig]:
        """By workload. `policies` are what `check` made of `policy_set`. Raises InvalidInputError and RunError."""

    def address(self, workload: Workload, inbound: Inbound) -> tuple[str, int]:
        """Where the workload's sidecar takes connections of others; known once it has been compiled for."""


class OwnCompiler:
    """loopmesh's own; needs nothing started."""

    async def start(self, report: Callable[[str], None]) -> None:
        return

    async def close(self) -> None:
        return

    def check(self, policy_set: PolicySet, application: Application) -> Policies:
        return check_policies(policy_set, application)

    def fetched_keys(self, policies: Policies, application: Application) -> Mapping[KeySource, int]:
        return key_timeouts(policies.request_authentications)

    async def compile(self, topology: Topology, policy_set: PolicySet, policies: Policies) -> Mapping[str, ProxyConfig]:
        return compile_mesh(topology, policies)

    def address(self, workload: Workload, inbound: Inbound) -> tuple[str, int]:
        return LOOPBACK, inbound.listen_port


def choose_compiler(kind: ControlPlaneKind) -> Compiler:
    """Istio's is imported only where it is asked for."""
    if kind is ControlPlaneKind.LOOPMESH:
        return OwnCompiler()
    from loopmesh.cli.istio_compiler import IstioCompiler

    return IstioCompiler()
