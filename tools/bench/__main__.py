"""`make bench`: what the mesh costs, on this machine, now."""

import argparse
import os
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="starts to measure")
    parser.add_argument("--calls", type=int, default=2000, help="calls to measure")
    parser.add_argument("--pushes", type=int, default=20, help="policy changes to measure")
    given = parser.parse_args()
    load, *_ = os.getloadavg()
    print(f"median (lowest to highest, number of measurements) on {os.cpu_count()} cores")
    if load > (os.cpu_count() or 1) / 2:
        print(f"others use this machine (load {load:.1f}): times are longer than they need be")
    print()
    up, bare, memory, bare_memory = measure_start(given.rounds)
    print_ratio(up, bare)
    print_goal(up, START_GOAL_S)
    print_ratio(memory, bare_memory)
    print_goal(memory, MEMORY_GOAL_MIB)
    with tempfile.TemporaryDirectory() as folder:
        mesh = MeshProcess(state=Path(folder) / "state", folder=REPOSITORY)
        mesh.up()
        try:
            meshed, straight = measure_calls(mesh, given.calls)
            push, nothing, command = measure_push(mesh, given.pushes)
        finally:
            mesh.down()
    print_ratio(meshed, straight)
    print(f"{'  added by the mesh, p50':<52} {meshed.median - straight.median:9.2f} ms")
    print_ratio(push, nothing)
    print_goal(push, PUSH_GOAL_MS)
    print(command)


if __name__ == "__main__":
    main()
