"""When a proxy does what it was told last: it says yes to a configuration on one thread, and takes calls on another.

Enters: the workloads of a mesh whose proxies have taken everything. Leaves: nothing, once no call can meet what was
there before.
"""

import http.client
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from loopmesh.admin.v1 import admin_pb2
from tests.observing import last_seen
from tests.parity.calling import UnixConnection

PATIENCE_S = 10
ASKED_EVERY_S = 0.005
WARMING = "^(cluster_manager.warming_clusters|listener_manager.total_listeners_warming)$"
DRAINING = "^listener_manager.total_(listeners|filter_chains)_draining$"


def settle(status: admin_pb2.GetStatusResponse) -> None:
    """Raises TimeoutError for a proxy that does not come so far."""
    for one in status.workloads:
        _wait_for_none(one, WARMING)
    for one in status.workloads:
        _wait_for_worker(Path(one.outbound_socket))
    for url in status.edge.values():
        parts = urlsplit(url)
        # A patch may have closed the port, or closes connections its own way.
        with suppress(ConnectionError):
            _hang_up(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE_S))
    for one in status.workloads:
        _wait_for_none(one, DRAINING)


def _wait_for_none(workload: admin_pb2.WorkloadStatus, gauges: str) -> None:
    admin = Path(workload.envoy_admin_socket)
    left = last_seen(lambda: _above_zero(admin, gauges), lambda left: not left, PATIENCE_S, every_s=ASKED_EVERY_S)
    if left:
        raise TimeoutError(f"{workload.name}: {', '.join(left)}")


def _above_zero(admin: Path, gauges: str) -> list[str]:
    connection = UnixConnection(admin)
    try:
        connection.request("GET", f"/stats?type=Gauges&filter={gauges}")
        lines = connection.getresponse().read().decode().splitlines()
    except (OSError, http.client.HTTPException) as error:
        return [str(error)]
    finally:
        connection.close()
    return [line for line in lines if not line.endswith(": 0")]


def _wait_for_worker(outbound: Path) -> None:
    """A proxy has one worker, which does what it was told before it takes a connection. A gateway has no such socket
    on Istio's control plane."""
    if outbound.exists():
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE_S)
        connection.connect(str(outbound))
        with suppress(ConnectionResetError):
            _hang_up(connection)


def _hang_up(connection: socket.socket) -> None:
    """Returns when the other side has, too."""
    with connection:
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1):
            pass
