"""Somebody else's application runs unchanged: HTTP/1.1 on TCP, gRPC on a socket, policies of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.testing.mesh_process import MeshProcess
from tests.e2e.shop_client import ask, order_request

FOLDER = Path(__file__).parent / "foreign"
PERMISSION_DENIED = 7


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    arguments = ("--values", "values.yaml", "--policies", "policies")
    mesh = MeshProcess(state=tmp_path_factory.mktemp("lab") / "state", folder=FOLDER, up_arguments=arguments)
    mesh.up()
    yield mesh
    mesh.down()


def test_a_request_travels_from_its_gateway_over_both_services(lab: MeshProcess) -> None:
    answer = ask(f"{lab.edge}/time")
    assert answer.status == 200
    assert answer.body.startswith("It is 20")


def test_both_replicas_answer(lab: MeshProcess) -> None:
    seen = {ask(f"{lab.edge}/time").body.rpartition(" at ")[2] for _ in range(30)}
    assert seen == {"clock-v1-0", "clock-v1-1"}


def test_its_own_policies_hold(lab: MeshProcess) -> None:
    assert "instance" in lab.call("web", "clock:7000", "GetTime")
    assert lab.call_status("door", "clock:7000", "GetTime") == PERMISSION_DENIED
    assert ask(f"{lab.edge}/healthz").status == 404


def test_it_runs_beside_the_shop_without_touching_it(lab: MeshProcess, shop: MeshProcess) -> None:
    assert ask(f"{lab.edge}/time").status == 200
    order = ask(f"{shop.edge}/v1/orders", order_request("accounts/margaret", "products/oak-book-end", 1)).body["order"]
    assert order["state"] == "ORDER_STATE_CONFIRMED"
    assert {workload["service"] for workload in lab.status()["workloads"]} == {"clock", "web", "door"}
    assert lab.edge != shop.edge


def test_a_forwarded_port_reaches_a_service_for_clients_that_know_nothing_of_the_mesh(lab: MeshProcess) -> None:
    with lab.forward("door", "web:8000") as address:
        assert ask(f"http://{address}/time").status == 200
