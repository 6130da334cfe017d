"""The bundled shop: start, memory, calls and a policy change beside their baselines."""

import tempfile
from pathlib import Path

from loopmesh.testing.mesh_process import MeshProcess
from tools.bench.calls import measure_calls
from tools.bench.figures import print_goal, print_ratio
from tools.bench.push import measure_push
from tools.bench.start import REPOSITORY, measure_start

START_GOAL_S = 5
MEMORY_GOAL_MIB = 600
PUSH_GOAL_MS = 50


def measure_shop(rounds: int, calls: int, pushes: int) -> None:
    up, bare, memory, bare_memory = measure_start(rounds)
    print_ratio(up, bare)
    print_goal(up, START_GOAL_S)
    print_ratio(memory, bare_memory)
    print_goal(memory, MEMORY_GOAL_MIB)
    with tempfile.TemporaryDirectory() as folder:
        mesh = MeshProcess(state=Path(folder) / "state", folder=REPOSITORY)
        mesh.up()
        try:
            meshed, straight = measure_calls(mesh, calls)
            push, nothing, command = measure_push(mesh, pushes)
        finally:
            mesh.down()
    print_ratio(meshed, straight)
    print(f"{'  added by the mesh, p50':<52} {meshed.median - straight.median:9.2f} ms")
    print_ratio(push, nothing)
    print_goal(push, PUSH_GOAL_MS)
    print(command)
