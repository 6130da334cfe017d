"""loopmesh and Istio on the same policies: the only place where both compilers' results meet."""

from collections.abc import Callable

from loopmesh.cli.istio_configuration import ask_istio, assumed_addresses, running_generator
from loopmesh.compile import ProxyConfig, assumed_topology, compile_mesh
from loopmesh.model.application import Application
from loopmesh.oracle import Generator
from loopmesh.oracle.comparison import Configuration, Difference, compare_proxies
from loopmesh.policies import PolicySet, check_policies


async def verify(application: Application, policy_set: PolicySet, report: Callable[[str], None]) -> list[Difference]:
    """Declared differences too. Raises InvalidInputError for what either does not take, and RunError."""
    async with running_generator(report) as generator:
        return await verify_with(generator, application, policy_set)


async def verify_with(generator: Generator, application: Application, policy_set: PolicySet) -> list[Difference]:
    """For many policies in a row."""
    policies = check_policies(policy_set, application)
    topology = assumed_topology(application, policies)
    by_istio = await ask_istio(generator, topology, assumed_addresses(topology), policy_set, policies.added_hosts)
    own = compile_mesh(topology, policies)
    return list(compare_proxies(topology.workloads, _configurations(own), _configurations(by_istio)))


def _configurations(configs: dict[str, ProxyConfig]) -> dict[str, Configuration]:
    return {
        name: Configuration(clusters=config.clusters, listeners=config.listeners, routes=config.routes)
        for name, config in configs.items()
    }
