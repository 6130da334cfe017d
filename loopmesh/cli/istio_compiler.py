"""`--control-plane istio`: Istio's generator as the compiler of a running mesh."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from loopmesh.cli.istio_configuration import ask_istio, start_generator
from loopmesh.cli.key_location import keys_in_mesh
from loopmesh.cli.lent_places import lend_places
from loopmesh.compile import ProxyConfig, compile_mesh, outside_secrets
from loopmesh.model.application import Application
from loopmesh.model.policies import Policies
from loopmesh.model.problem import InvalidInputError, Problem, Severity
from loopmesh.model.token import KeySource, key_timeouts
from loopmesh.model.topology import Inbound, Topology, Workload, WorkloadKind
from loopmesh.oracle import Generator
from loopmesh.policies import PolicySet, check_policies, check_provisions
from loopmesh.run.addresses import AddressLedger
from loopmesh.run.errors import RunError


class IstioCompiler:
    """Policies go to Istio as they were written; also those that loopmesh itself would refuse."""

    def __init__(self) -> None:
        self._ledger = AddressLedger()
        self._addresses: dict[str, str] = {}
        self._generator: Generator | None = None
        self._read = _Read(PolicySet())
        """Of the last policies: most pushes change none."""

    async def start(self, report: Callable[[str], None]) -> None:
        self._generator = await start_generator(report)

    async def close(self) -> None:
        if self._generator is not None:
            await self._generator.close()
        self._ledger.close()

    def check(self, policy_set: PolicySet, application: Application) -> Policies:
        """Only what this machine provides; of the rest what is seldom meant, also beside policies loopmesh refuses."""
        provisions = check_provisions(policy_set)
        return replace(provisions, warnings=self._reading(policy_set, application).warnings)

    def fetched_keys(self, policies: Policies, application: Application) -> Mapping[KeySource, int]:
        """Keys of issuers elsewhere Istio fetches itself."""
        return keys_in_mesh(key_timeouts(policies.request_authentications), application)

    async def compile(self, topology: Topology, policy_set: PolicySet, policies: Policies) -> Mapping[str, ProxyConfig]:
        generator = await self._running_generator()
        self._keep_addresses(topology)
        configs = await ask_istio(generator, topology, self._addresses, policy_set, policies.added_hosts)
        for name, own in self._own(topology, policy_set).items():
            lend_places(own, configs[name])
        # Certificates for the outside are no part of Istio's answer: on a cluster they come from its Secrets.
        return {
            workload.name: replace(configs[workload.name], secrets=outside_secrets(topology, policies, workload))
            for workload in topology.workloads
        }

    def address(self, workload: Workload, inbound: Inbound) -> tuple[str, int]:
        return self._addresses[workload.name], inbound.port.number

    async def _running_generator(self) -> Generator:
        """Another where one has ended: a mesh goes on for longer than what it once asked."""
        if self._generator is None:
            raise RunError("Istio's generator was not started")
        if self._generator.has_ended:
            await self._generator.close()
            self._generator = await start_generator(_in_silence)
        return self._generator

    def _own(self, topology: Topology, policy_set: PolicySet) -> Mapping[str, ProxyConfig]:
        """What loopmesh would make of it; nothing where it refuses it."""
        policies = self._reading(policy_set, topology.application).policies
        return compile_mesh(topology, policies) if policies is not None else {}

    def _reading(self, policy_set: PolicySet, application: Application) -> "_Read":
        if self._read.policy_set is not policy_set:
            self._read = _read(policy_set, application)
        return self._read

    def _keep_addresses(self, topology: Topology) -> None:
        """One for every sidecar there is; those of sidecars that have gone are given back."""
        sidecars = {workload.name: workload for workload in topology.workloads if workload.kind is WorkloadKind.SIDECAR}
        for name in set(self._addresses) - set(sidecars):
            self._ledger.release(self._addresses.pop(name))
        for name, workload in sidecars.items():
            if name not in self._addresses:
                ports = (inbound.port.number for inbound in workload.inbound)
                self._addresses[name] = self._ledger.allocate(ports)


def _in_silence(_: str) -> None:
    """Nobody waits for it to be built: it was before."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What loopmesh itself makes of policies: nothing where it refuses what Istio takes, but warnings all the same."""

    policy_set: PolicySet
    policies: Policies | None = None
    warnings: tuple[Problem, ...] = ()


def _read(policy_set: PolicySet, application: Application) -> _Read:
    try:
        policies = check_policies(policy_set, application)
    except InvalidInputError as error:
        told = tuple(one for one in error.problems if one.severity is not Severity.ERROR)
        return _Read(policy_set, warnings=told)
    return _Read(policy_set, policies, policies.warnings)
