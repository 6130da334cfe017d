"""Processes are killed; the mesh heals, orders are not lost, nothing is left behind."""

import http.client
import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from loopmesh.testing.mesh_process import MeshProcess
from tests.e2e.conftest import shop_mesh
from tests.e2e.shop_client import ask, balance, order_request, stock
from tests.observing import wait_for

PRODUCT = "products/copper-soap-dish"
PAYER = "accounts/margaret"
AT_ONCE = 3


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    """A shop of its own, for its processes will be killed."""
    mesh = shop_mesh(tmp_path_factory.mktemp("victim") / "state")
    mesh.up()
    yield mesh
    if mesh.run("status").returncode == 0:
        mesh.down()


def pid_of(mesh: MeshProcess, workload: str, role: str) -> int:
    found = mesh.workload(workload)
    return int(found["envoy"]["pid"] if role == "proxy" else found["pid"])


def is_back(mesh: MeshProcess, workload: str, role: str, old_pid: int) -> bool:
    found = mesh.workload(workload)
    return found["ready"] and found["restarts"] >= 1 and pid_of(mesh, workload, role) not in (0, old_pid)


WORKLOADS = ("catalog-v1-0", "inventory-v1-0", "wallet-v1-0", "shipping-v1-0", "orders-v1-0")
PROXIES, PROGRAMS = [(name, "proxy") for name in (*WORKLOADS, "edge-0")], [(name, "program") for name in WORKLOADS]


@pytest.mark.parametrize(("workload", "role"), PROXIES + PROGRAMS)
def test_a_process_killed_amid_orders_comes_back_and_no_money_or_stock_is_lost(
    victim: MeshProcess, workload: str, role: str
) -> None:
    requests = [order_request(PAYER, PRODUCT, 1) for _ in range(AT_ONCE)]
    money, (available, reserved) = balance(victim.edge, PAYER), stock(victim.edge, PRODUCT)
    pid = pid_of(victim, workload, role)
    with ThreadPoolExecutor(AT_ONCE) as customers:
        waiting = [customers.submit(patiently, victim, request) for request in requests]
        wait_for("an order is under way", lambda: stock(victim.edge, PRODUCT) != (available, reserved))
        os.kill(pid, signal.SIGKILL)
        orders = [one.result() for one in waiting]
    wait_for(f"{workload} is back", lambda: is_back(victim, workload, role, pid))
    confirmed = [order for order in orders if order["state"] == "ORDER_STATE_CONFIRMED"]
    assert {order["state"] for order in orders} <= {"ORDER_STATE_CONFIRMED", "ORDER_STATE_CANCELLED"}
    assert balance(victim.edge, PAYER) == money - sum(int(order["total"]["minorUnits"]) for order in confirmed)
    assert stock(victim.edge, PRODUCT) == (available - len(confirmed), reserved)
    assert place(victim) == "ORDER_STATE_CONFIRMED"


def patiently(mesh: MeshProcess, request: dict[str, Any]) -> dict[str, Any]:
    """A customer who sends the same request until it is answered."""

    def answer() -> dict[str, Any] | None:
        try:
            answer = ask(f"{mesh.edge}/v1/orders", request)
        except (OSError, http.client.HTTPException):
            # Nobody listens at the edge, or it died amid the answer.
            return None
        order: dict[str, Any] | None = answer.body["order"] if answer.status == 200 else None
        return order

    found = wait_for("the order has ended", answer, 60)
    assert found
    return found


def place(mesh: MeshProcess) -> str:
    answer = ask(f"{mesh.edge}/v1/orders", order_request(PAYER, PRODUCT, 1))
    return str(answer.body["order"]["state"])


def test_a_killed_supervisor_leaves_no_process_and_the_next_start_finds_all_data(victim: MeshProcess) -> None:
    order = ask(f"{victim.edge}/v1/orders", order_request(PAYER, PRODUCT, 1)).body["order"]
    money, units = balance(victim.edge, PAYER), stock(victim.edge, PRODUCT)
    supervisor = psutil.Process(victim.supervisor_pid)
    family = [supervisor, *supervisor.children(recursive=True)]
    assert len(family) >= 14
    runtime = Path(json.loads((victim.state / "mesh.json").read_text())["runtime_folder"])

    supervisor.kill()

    wait_for("every process is gone", lambda: not any(process.is_running() for process in family))
    wait_for("the sockets are gone", lambda: not runtime.exists())
    assert victim.run("status").returncode == 1

    victim.up()
    assert ask(f"{victim.edge}/v1/{order['name']}").body["order"] == order
    assert (balance(victim.edge, PAYER), stock(victim.edge, PRODUCT)) == (money, units)
    assert place(victim) == "ORDER_STATE_CONFIRMED"


def test_down_leaves_no_process_and_no_socket(victim: MeshProcess) -> None:
    supervisor = psutil.Process(victim.supervisor_pid)
    family = [supervisor, *supervisor.children(recursive=True)]
    runtime = Path(json.loads((victim.state / "mesh.json").read_text())["runtime_folder"])
    victim.down()
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family)
    assert not runtime.exists()
    assert victim.run("down").returncode == 1
