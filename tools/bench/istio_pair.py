"""A call through two proxies: loopmesh's configuration against Istio's, on the same Envoy, with the same policies."""

import random
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import grpc

from loopmesh.cli.client import find_workload, get_status
from loopmesh.testing.mesh_process import MeshProcess
from tools.bench.figures import Figure, print_goal, print_ratio
from tools.bench.policy_tests import SCRIPTED
from tools.bench.synthetic import PORT, write_policies, write_values

SERVICES = 2
METHOD = "/loopmesh.scripted.v1.Backend/Call"
WARM_UP = 200
GOAL = 0.9
PARTS = 10
PLANES = ("loopmesh", "istio")


def measure_pair(calls: int) -> None:
    """Prints the ratio of all, and of what the proxies add to the call that goes straight to the program."""
    if shutil.which("go") is None:
        print("Istio's generator is built with Go, which is not on PATH: no comparison")
        return
    with ExitStack() as stack:
        meshes = {plane: stack.enter_context(_mesh(plane)) for plane in PLANES}
        channels = {plane: stack.enter_context(_through(mesh)) for plane, mesh in meshes.items()}
        channels["straight"] = stack.enter_context(_straight(meshes[PLANES[0]]))
        values = _in_turns(channels, calls)
    own, istio, straight = (Figure(name=name, unit="ms", values=values[name]) for name in (*PLANES, "straight"))
    print_ratio(_named(own, "unary call on loopmesh's configuration"), _named(istio, "  baseline: on Istio's"))
    print(_named(straight, "  straight to the program"))
    added = Figure(name="  ratio of what two proxies add", unit="", values=_ratios(own, istio, straight))
    print(added)
    print_goal(added, GOAL)


@contextmanager
def _mesh(plane: str) -> Iterator[MeshProcess]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_values(folder, SERVICES, command=SCRIPTED, health="tcp")
        write_policies(folder, SERVICES)
        arguments = ("--values", "values.yaml", "--policies", "policies.yaml", "--control-plane", plane)
        mesh = MeshProcess(state=folder / "state", folder=folder, up_arguments=arguments)
        mesh.up()
        try:
            yield mesh
        finally:
            mesh.down()


def _through(mesh: MeshProcess) -> grpc.Channel:
    socket = find_workload(get_status(mesh.state), "s0").outbound_socket
    return grpc.insecure_channel(f"unix:{socket}", [("grpc.default_authority", f"s1:{PORT}")])


def _straight(mesh: MeshProcess) -> grpc.Channel:
    return grpc.insecure_channel(find_workload(get_status(mesh.state), "s1").application_target)


def _in_turns(channels: dict[str, grpc.Channel], count: int) -> dict[str, list[float]]:
    """Call by call, so that all meet the same machine, and in no fixed order: what a mesh notes of a call it writes
    while the next one runs."""
    methods = [(name, channel.unary_unary(METHOD, bytes, bytes)) for name, channel in channels.items()]
    chance = random.Random(0)  # noqa: S311 # nothing secret
    values: dict[str, list[float]] = {name: [] for name in channels}
    for number in range(count + WARM_UP):
        chance.shuffle(methods)
        for name, method in methods:
            started = time.perf_counter()
            method(b"", timeout=10)
            if number >= WARM_UP:
                values[name].append((time.perf_counter() - started) * 1000)
    return values


def _ratios(own: Figure, istio: Figure, straight: Figure) -> list[float]:
    """One for each of PARTS stretches of the run, of their medians."""
    stretches = zip(*(map(median, _parts(figure.values)) for figure in (own, istio, straight)), strict=True)
    return [(ours - bare) / (theirs - bare) for ours, theirs, bare in stretches]


def _parts(values: Sequence[float]) -> list[Sequence[float]]:
    return [values[len(values) * part // PARTS : len(values) * (part + 1) // PARTS] for part in range(PARTS)]


def _named(figure: Figure, name: str) -> Figure:
    return Figure(name=name, unit=figure.unit, values=figure.values)
