"""A policy change until the last proxy has answered."""

import tempfile
import time
from pathlib import Path

from loopmesh.admin.v1 import admin_pb2
from loopmesh.cli.client import running_mesh
from loopmesh.testing.mesh_process import MeshProcess
from tools.bench.figures import Figure

SOURCE = Path("istio/wallet/virtualservice.yaml")
LONGEST_S = 60


def measure_push(mesh: MeshProcess, count: int) -> tuple[Figure, Figure, Figure]:
    """Milliseconds from the changed policy to the last ACK: reading, checking, compiling and sending; then the same
    when nothing changes, and the whole command."""
    changed, same, whole = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        for number in range(count):
            _write(path, f"{2000 + number}ms")
            changed.append(apply_ms(mesh, path))
            same.append(apply_ms(mesh, path))
            whole.append(_command(mesh, path, f"{3000 + number}ms"))
    return (
        Figure(name="mesh apply until the last ACK", unit="ms", values=changed),
        Figure(name="  baseline: nothing changed", unit="ms", values=same),
        Figure(name="  the whole command, with Python's start", unit="ms", values=whole),
    )


def _write(path: Path, timeout: str) -> None:
    path.write_text(SOURCE.read_text().replace("timeout: 2s", f"timeout: {timeout}"))


def apply_ms(mesh: MeshProcess, path: Path) -> float:
    """As the command does it, without a process of its own."""
    file = admin_pb2.PolicyFile(path=str(path), content=path.read_bytes())
    with running_mesh(mesh.state) as stub:
        stub.GetStatus(admin_pb2.GetStatusRequest(), timeout=LONGEST_S)
        started = time.perf_counter()
        stub.Apply(admin_pb2.ApplyRequest(files=[file]), timeout=LONGEST_S)
        return (time.perf_counter() - started) * 1000


def _command(mesh: MeshProcess, path: Path, timeout: str) -> float:
    _write(path, timeout)
    started = time.perf_counter()
    mesh.command("apply", "-f", str(path))
    return (time.perf_counter() - started) * 1000
