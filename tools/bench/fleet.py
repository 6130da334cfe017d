"""Many real proxies: a policy change until the last has answered, what reached them, and the control plane's memory."""

import tempfile
import urllib.parse
from pathlib import Path

from loopmesh.cli.client import get_status
from loopmesh.testing.http_client import send_request
from loopmesh.testing.mesh_process import MeshProcess
from tools.bench.figures import Figure, print_goal
from tools.bench.memory import pss_mib
from tools.bench.push import apply_ms
from tools.bench.synthetic import policies_of, write_policies, write_values

SIZES = (10, 100)
IDLE = ("sleep", "infinity")
ANSWER_S = 10
PUSH_GOAL_MS = {10: 50, 100: 500}
COUNTERS = {
    "routes": r"^http\..*\.rds\..*\.update_success$",
    "clusters": r"^cluster_manager\.cds\.update_success$",
    "listeners": r"^listener_manager\.lds\.update_success$",
}
"""Envoy's counters of updates it has taken, as regular expressions of their names."""


def measure_fleets(pushes: int) -> None:
    for size in SIZES:
        _measure(size, pushes)


def _measure(size: int, pushes: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_values(folder, size, command=IDLE, health="none")
        write_policies(folder, size)
        arguments = ("--values", "values.yaml", "--policies", "policies.yaml")
        mesh = MeshProcess(state=folder / "state", folder=folder, up_arguments=arguments)
        mesh.up()
        try:
            before = _updates(mesh)
            figure = Figure(
                name=f"a timeout changed, {size} proxies have answered",
                unit="ms",
                values=[_change(mesh, folder, number) for number in range(pushes)],
            )
            after = _updates(mesh)
            memory = pss_mib([mesh.supervisor_pid])
        finally:
            mesh.down()
    print(figure)
    print_goal(figure, PUSH_GOAL_MS[size])
    taken = ", ".join(f"{(after[kind] - before[kind]) / size / pushes:.2f} of {kind}" for kind in COUNTERS)
    print(f"  updates a change brought to each proxy: {taken}")
    print(Figure(name=f"control plane's memory for {size} proxies (PSS)", unit="MiB", values=[memory]))


def _change(mesh: MeshProcess, folder: Path, number: int) -> float:
    """The timeout of one service's route."""
    path = folder / "changed.yaml"
    path.write_text(policies_of(0, timeout_ms=1001 + number))
    return apply_ms(mesh, path)


def _updates(mesh: MeshProcess) -> dict[str, int]:
    """The sums over all proxies."""
    sockets = [workload.envoy_admin_socket for workload in get_status(mesh.state).workloads]
    return {kind: sum(_count(socket, pattern) for socket in sockets) for kind, pattern in COUNTERS.items()}


def _count(socket: str, pattern: str) -> int:
    path = f"/stats?filter={urllib.parse.quote(pattern)}"
    answer = send_request(socket, authority="admin", method="GET", path=path, headers={}, body=None, timeout_s=ANSWER_S)
    return sum(int(line.rpartition(":")[2]) for line in answer.text.splitlines())
