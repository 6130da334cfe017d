"""Istio's opinion of this mesh: what its generator makes of the user's policies, in the terms of the other commands."""

import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from loopmesh.compile import ProxyConfig, health_listener
from loopmesh.model.added_host import AddedHost
from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.problem import InvalidInputError, Problem
from loopmesh.model.topology import Topology, Workload, WorkloadKind
from loopmesh.oracle import (
    BrokenError,
    Generator,
    HostAddresses,
    OracleError,
    PlacedResources,
    Placement,
    Question,
    RefusedError,
    ask_about,
    breaking_policies,
    place_resources,
    prepare_generator,
    unnamed_sampling_percent,
)
from loopmesh.policies import PolicySet, with_namespace
from loopmesh.run.errors import RunError


async def start_generator(report: Callable[[str], None]) -> Generator:
    """Builds it first if need be, and says so. Raises RunError."""
    try:
        return await Generator.start(prepare_generator(os.environ, report))
    except OracleError as error:
        raise RunError(str(error)) from error


@asynccontextmanager
async def running_generator(report: Callable[[str], None]) -> AsyncIterator[Generator]:
    """For somebody who asks once. Raises RunError."""
    generator = await start_generator(report)
    try:
        yield generator
    finally:
        await generator.close()


def assumed_addresses(topology: Topology) -> dict[str, str]:
    """For sidecars that do not run: the same everywhere, so that configuration can be compared."""
    sidecars = (workload for workload in topology.workloads if workload.kind is WorkloadKind.SIDECAR)
    return {sidecar.name: f"127.64.{number // 256}.{number % 256}" for number, sidecar in enumerate(sidecars, start=1)}


async def ask_istio(
    generator: Generator,
    topology: Topology,
    addresses: Mapping[str, str],
    policy_set: PolicySet,
    added: Iterable[AddedHost],
) -> dict[str, ProxyConfig]:
    """By workload; `added` are the hosts of the policies. Raises InvalidInputError for what Istio does not take,
    RunError when it breaks."""
    written = [with_namespace(document) for document in policy_set.documents.values()]
    mesh_config = _mesh_config(policy_set)
    hosts = HostAddresses(added)
    question = ask_about(topology, addresses, written, mesh_config, hosts.allocated)
    try:
        answer = await generator.ask(question)
    except RefusedError as error:
        raise InvalidInputError(_problems(error, policy_set)) from error
    except BrokenError as error:
        raise RunError(await _breakage(generator, question, error, policy_set)) from error
    except OracleError as error:
        raise RunError(str(error)) from error
    percent = unnamed_sampling_percent(mesh_config)
    placement = Placement(topology=topology, addresses=addresses, host_addresses=hosts, sampling_percent=percent)
    return {
        workload.name: _config(place_resources(placement, workload, answer.proxies[workload.name]), workload)
        for workload in topology.workloads
    }


async def _breakage(generator: Generator, question: Question, error: BrokenError, policy_set: PolicySet) -> str:
    documents = list(policy_set.documents.values())
    names = [str(documents[number].policy) for number in await breaking_policies(generator, question)]
    generator.log.write_text(f"{', '.join(names)}\n{error}\n{error.stack}")
    what = f"{' and '.join(names)}, as istiod would; remove one of them" if names else "this mesh"
    return f"Istio's own generator breaks on {what} ({error}); where it does is in {generator.log}"


def _mesh_config(policy_set: PolicySet) -> dict[str, Any]:
    said: Any = policy_set.mesh_config.plain() if policy_set.mesh_config else {}
    return dict(said)


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
            rule=f"Istio says: {' '.join(refusal.message.split())}",
            remedy="write what Istio takes",
        )
        for refusal in error.refusals
    ]
