"""From nothing to all ready: the mesh against its programs alone."""

import tempfile
import time
from pathlib import Path

from loopmesh.testing.mesh_process import MeshProcess
from tools.bench.bare import bare_programs
from tools.bench.figures import Figure
from tools.bench.memory import family, pss_mib

REPOSITORY = Path(__file__).parents[2]


def measure_start(rounds: int) -> tuple[Figure, Figure, Figure, Figure]:
    """Seconds and MiB of the mesh, then of the programs alone; the two take turns, each round on empty folders."""
    mesh_s, bare_s, mesh_mib, bare_mib = [], [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            mesh = MeshProcess(state=Path(folder) / "state", folder=REPOSITORY)
            started = time.monotonic()
            mesh.up()
            mesh_s.append(time.monotonic() - started)
            mesh_mib.append(pss_mib(family(mesh.supervisor_pid)))
            mesh.down()
        with tempfile.TemporaryDirectory() as folder, bare_programs(Path(folder)) as bare:
            bare_s.append(bare.seconds)
            bare_mib.append(pss_mib(bare.pids))
    return (
        Figure(name="mesh up until all ready", unit="s", values=mesh_s),
        Figure(name="  baseline: the programs alone", unit="s", values=bare_s),
        Figure(name="memory of everything (PSS)", unit="MiB", values=mesh_mib),
        Figure(name="  baseline: the programs alone", unit="MiB", values=bare_mib),
    )
