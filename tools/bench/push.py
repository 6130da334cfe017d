"""A policy change until the last proxy has answered."""

import tempfile
from pathlib import Path

from loopmesh.testing.mesh_process import MeshProcess
from tools.bench.figures import Figure

SOURCE = Path("istio/wallet/virtualservice.yaml")


def measure_push(mesh: MeshProcess, count: int) -> tuple[Figure, Figure]:
    """Milliseconds until the last ACK of a changed timeout; the baseline is the same command when nothing changes."""
    changed, same = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        for number in range(count):
            path.write_text(SOURCE.read_text().replace("timeout: 2s", f"timeout: {2000 + number}ms"))
            changed.append(_apply(mesh, path))
            same.append(_apply(mesh, path))
    return (
        Figure(name="mesh apply until the last ACK", unit="ms", values=changed),
        Figure(name="  baseline: nothing changed", unit="ms", values=same),
    )


def _apply(mesh: MeshProcess, path: Path) -> float:
    """Reads `taken by 7 proxies in 3.1 ms`."""
    said = mesh.command("apply", "-f", str(path))
    return float(said.rpartition(" in ")[2].removesuffix(" ms\n"))
