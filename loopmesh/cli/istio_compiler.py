"""`--control-plane istio`: Istio's generator as the compiler of a running mesh."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from loopmesh.compile import ProxyConfig, edge_secrets, health_listener
from loopmesh.model.application import Application
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.policies import Policies
from loopmesh.model.problem import InvalidInputError, Problem
from loopmesh.model.topology import Topology, Workload, WorkloadKind
from loopmesh.oracle import (
    Generator,
    OracleError,
    PlacedResources,
    Placement,
    RefusedError,
    ask_about,
    place_resources,
    prepare_generator,
)
from loopmesh.policies import PolicySet, check_gateways, with_namespace
from loopmesh.run.addresses import AddressLedger
from loopmesh.run.errors import RunError


class IstioCompiler:
    """Policies go to Istio as they were written; also those that loopmesh itself would refuse."""

    def __init__(self) -> None:
        self._ledger = AddressLedger()
        self._addresses: dict[str, str] = {}
        self._generator: Generator | None = None

    async def start(self, report: Callable[[str], None]) -> None:
        try:
            self._generator = await Generator.start(prepare_generator(os.environ, report))
        except OracleError as error:
            raise RunError(str(error)) from error

    async def close(self) -> None:
        if self._generator is not None:
            await self._generator.close()
        self._ledger.close()

    def check(self, policy_set: PolicySet, application: Application) -> Policies:
        """Gateways only: their ports must be opened."""
        return check_gateways(policy_set)

    async def compile(self, topology: Topology, policy_set: PolicySet, policies: Policies) -> Mapping[str, ProxyConfig]:
        self._keep_addresses(topology)
        written = [with_namespace(document) for document in policy_set.documents.values()]
        question = ask_about(topology, self._addresses, written, _mesh_config(policy_set))
        if self._generator is None:
            raise RunError("Istio's generator was not started")
        try:
            answer = await self._generator.ask(question)
        except RefusedError as error:
            raise InvalidInputError(_problems(error, policy_set)) from error
        except OracleError as error:
            raise RunError(str(error)) from error
        placement = Placement(topology=topology, addresses=self._addresses)
        return {
            workload.name: replace(
                _config(place_resources(placement, workload, answer.proxies[workload.name]), workload),
                secrets=edge_secrets(topology, policies, workload),
            )
            for workload in topology.workloads
        }

    def _keep_addresses(self, topology: Topology) -> None:
        """One for every sidecar there is; those of sidecars that have gone are given back."""
        sidecars = {workload.name: workload for workload in topology.workloads if workload.kind is WorkloadKind.SIDECAR}
        for name in set(self._addresses) - set(sidecars):
            self._ledger.release(self._addresses.pop(name))
        for name, workload in sidecars.items():
            if name not in self._addresses:
                ports = (inbound.port.number for inbound in workload.inbound)
                self._addresses[name] = self._ledger.allocate(ports)


def _mesh_config(policy_set: PolicySet) -> dict[str, Any]:
    """The user's. Hosts nobody knows are refused as by loopmesh: behind a socket there is nowhere to pass them on."""
    said: Any = policy_set.mesh_config.plain() if policy_set.mesh_config else {}
    return {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}, **said}


def _config(placed: PlacedResources, workload: Workload) -> ProxyConfig:
    """Readiness is asked as ever: past everything Istio configures."""
    health = health_listener(MeshSettings(), workload)
    return ProxyConfig(
        clusters=placed.clusters,
        endpoints=placed.endpoints,
        listeners={**placed.listeners, health.name: health} if health else placed.listeners,
        routes=placed.routes,
    )


def _problems(error: RefusedError, policy_set: PolicySet) -> list[Problem]:
    documents = list(policy_set.documents.values())
    return [
        Problem(
            origin=documents[refusal.policy].origin,
            value=str(documents[refusal.policy].policy),
            rule=f"Istio says: {refusal.message}",
            remedy="write what Istio takes",
        )
        for refusal in error.refusals
    ]
