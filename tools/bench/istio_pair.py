"""A call through two proxies: loopmesh's configuration against Istio's, on the same Envoy, with the same policies."""

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
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
PLANES = ("loopmesh", "istio")
STRAIGHT = "straight"


def measure_pair(starts: int, calls: int) -> None:
    """Prints the ratio of all, and of what the proxies add to the call that goes straight to the program.

    Of several starts, for how fast a pair of processes is depends on where they came to lie, by up to a tenth.
    """
    if shutil.which("go") is None:
        print("Istio's generator is built with Go, which is not on PATH: no comparison")
        return
    chance = random.Random(0)  # noqa: S311 # nothing secret
    starts_values = [_start(chance, max(calls // starts, 1)) for _ in range(starts)]
    own, istio, straight = (
        Figure(name=name, unit="ms", values=[one for values in starts_values for one in values[name]])
        for name in (*PLANES, STRAIGHT)
    )
    print_ratio(_named(own, "unary call on loopmesh's configuration"), _named(istio, "  baseline: on Istio's"))
    print(_named(straight, "  straight to the program"))
    added = Figure(name="  ratio of what two proxies add", unit="", values=[*map(_ratio, starts_values)])
    print(added)
    print_goal(added, GOAL)


def _start(chance: random.Random, calls: int) -> dict[str, list[float]]:
    """Milliseconds of each call through either mesh and straight, in meshes started for it."""
    with ExitStack() as stack:
        planes = chance.sample(PLANES, len(PLANES))
        meshes = {plane: stack.enter_context(_mesh(plane)) for plane in planes}
        channels = {plane: stack.enter_context(_through(mesh)) for plane, mesh in meshes.items()}
        channels[STRAIGHT] = stack.enter_context(_straight(meshes[planes[0]]))
        return _in_turns(chance, channels, calls)


@contextmanager
def _mesh(plane: str) -> Iterator[MeshProcess]:
    """Both write a line and a span for each call."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_values(folder, SERVICES, command=SCRIPTED, health="tcp")
        policies = folder / "policies"
        policies.mkdir()
        write_policies(policies, SERVICES)
        (policies / "meshconfig.yaml").write_text("accessLogFile: /dev/stdout\n")
        arguments = ("--values", "values.yaml", "--policies", "policies", "--control-plane", plane)
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


def _in_turns(chance: random.Random, channels: dict[str, grpc.Channel], count: int) -> dict[str, list[float]]:
    """Call by call, so that all meet the same machine, and in no fixed order: what a mesh notes of a call it writes
    while the next one runs."""
    methods = [(name, channel.unary_unary(METHOD, bytes, bytes)) for name, channel in channels.items()]
    values: dict[str, list[float]] = {name: [] for name in channels}
    for number in range(count + WARM_UP):
        chance.shuffle(methods)
        for name, method in methods:
            started = time.perf_counter()
            method(b"", timeout=10)
            if number >= WARM_UP:
                values[name].append((time.perf_counter() - started) * 1000)
    return values


def _ratio(values: dict[str, list[float]]) -> float:
    """Of the medians of one start."""
    own, istio, straight = (median(values[name]) for name in (*PLANES, STRAIGHT))
    return (own - straight) / (istio - straight)


def _named(figure: Figure, name: str) -> Figure:
    return Figure(name=name, unit=figure.unit, values=figure.values)
