"""Policies to proxies' configuration: loopmesh's compiler against Istio's generator."""

import asyncio
import dataclasses
import itertools
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from loopmesh.compile import compile_mesh
from loopmesh.model.policies import Policies
from loopmesh.model.topology import Ports, Topology, place
from loopmesh.oracle import Generator, Question, ask_about, prepare_generator
from loopmesh.policies import PolicySet, check_policies, read_application, read_files, with_namespace
from tools.bench.figures import Figure, print_ratio
from tools.bench.synthetic import write_policies, write_values

SIZES = (10, 100, 1000)
MOST_OF_ISTIO = 100
"""Istio works for each proxy anew: 1,000 of them would take minutes, so it is asked for some."""
FEW = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    topology: Topology
    policy_set: PolicySet
    policies: Policies


def measure_compiling(rounds: int) -> None:
    """Prints both for every size; the two take turns, round by round."""
    if shutil.which("go") is None:
        print("Istio's generator is built with Go, which is not on PATH: no comparison")
    asyncio.run(_measure(rounds))


async def _measure(rounds: int) -> None:
    generator = None
    if shutil.which("go"):
        generator = await Generator.start(prepare_generator(os.environ, print))
    try:
        for size in SIZES:
            await _measure_size(size, rounds, generator)
    finally:
        if generator is not None:
            await generator.close()


async def _measure_size(size: int, rounds: int, generator: Generator | None) -> None:
    mesh = _mesh(size)
    asked = size if size <= MOST_OF_ISTIO else FEW
    own, istio = [], []
    for _ in range(rounds):
        started = time.perf_counter()
        compile_mesh(mesh.topology, mesh.policies)
        own.append((time.perf_counter() - started) * 1000)
        if generator is not None:
            istio.append((await generator.ask(_question(mesh, asked))).milliseconds)
    figure = Figure(name=f"compile for {size} services and all their proxies", unit="ms", values=own)
    if istio:
        print_ratio(figure, Figure(name=f"  baseline: Istio's generator for {asked} proxies", unit="ms", values=istio))
    else:
        print(figure)


def _mesh(size: int) -> Mesh:
    with tempfile.TemporaryDirectory() as folder:
        application = read_application(write_values(Path(folder), size, command=("true",), health="none"))
        policy_set = PolicySet.parse(read_files([write_policies(Path(folder), size)]), application.namespace)
    ports = itertools.count(20_000)
    workloads = place(application, Ports(proxy=ports.__next__, program=ports.__next__))
    topology = Topology(
        application=application, workloads=workloads, ready=frozenset(workload.name for workload in workloads)
    )
    return Mesh(topology=topology, policy_set=policy_set, policies=check_policies(policy_set, application))


def _question(mesh: Mesh, proxies: int) -> Question:
    written = [with_namespace(document) for document in mesh.policy_set.documents.values()]
    addresses = {
        workload.name: f"127.64.{number // 250}.{number % 250 + 1}"
        for number, workload in enumerate(mesh.topology.workloads)
    }
    question = ask_about(mesh.topology, addresses, written, {}, {})
    return dataclasses.replace(question, proxies=question.proxies[:proxies])
