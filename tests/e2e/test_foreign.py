"""Somebody else's application runs unchanged: HTTP/1.1 on TCP, gRPC on a socket, policies of its own."""

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from loopmesh.testing.mesh_process import MeshProcess
from tests.conftest import KUBE
from tests.e2e.shop_client import ask, order_request
from tests.targets.kube import KubeApplication, forwarded
from tests.targets.local import LocalApplication
from tests.targets.target import Application

FOLDER = Path(__file__).parent / "foreign"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    arguments = ("--values", "values.yaml", "--policies", "policies")
    mesh = MeshProcess(state=tmp_path_factory.mktemp("lab") / "state", folder=FOLDER, up_arguments=arguments)
    mesh.up()
    yield mesh
    mesh.down()


@pytest.fixture(scope="module")
def lab_anywhere(request: pytest.FixtureRequest) -> Iterator[Application]:
    """The same, on this machine or on the cluster of --target kube."""
    if request.config.getoption("--target") == KUBE:
        with forwarded("lab", "door") as edge:
            yield KubeApplication("lab", edge)
    else:
        yield LocalApplication(request.getfixturevalue("lab"))


@pytest.mark.both_targets
def test_a_request_travels_from_its_gateway_over_both_services(lab_anywhere: Application) -> None:
    answer = ask(f"{lab_anywhere.edge}/time")
    assert answer.status == 200
    assert answer.body.startswith("It is 20")


@pytest.mark.both_targets
def test_both_replicas_answer(lab_anywhere: Application) -> None:
    seen = {ask(f"{lab_anywhere.edge}/time").body.rpartition(" at ")[2] for _ in range(30)}
    assert len(seen) == 2
    assert all(instance.startswith("clock-v1-") for instance in seen)


@pytest.mark.both_targets
def test_its_own_policies_hold(lab_anywhere: Application) -> None:
    call = ("clock:7000", "/lab.clock.v1.ClockService/GetTime")
    assert lab_anywhere.codes("web", [call]) == {call: grpc.StatusCode.OK}
    assert lab_anywhere.codes("door", [call]) == {call: grpc.StatusCode.PERMISSION_DENIED}
    assert not lab_anywhere.plaintext_answers("web:8000")
    assert ask(f"{lab_anywhere.edge}/healthz").status == 404


def test_it_runs_beside_the_shop_without_touching_it(lab: MeshProcess, shop: MeshProcess) -> None:
    assert ask(f"{lab.edge}/time").status == 200
    order = ask(f"{shop.edge}/v1/orders", order_request("accounts/margaret", "products/oak-book-end", 1)).body["order"]
    assert order["state"] == "ORDER_STATE_CONFIRMED"
    assert {workload["service"] for workload in lab.status()["workloads"]} == {"clock", "web", "door"}
    assert lab.edge != shop.edge


def test_a_forwarded_port_reaches_a_service_for_clients_that_know_nothing_of_the_mesh(lab: MeshProcess) -> None:
    with lab.forward("door", "web:8000") as address:
        assert ask(f"http://{address}/time").status == 200
