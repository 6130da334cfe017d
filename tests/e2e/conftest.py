"""Meshes the end-to-end tests share: the shop, and the scripted lab. Each has a state folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.testing.mesh_process import MeshProcess
from tests.conftest import KUBE
from tests.go import require_go
from tests.targets.kube import KubeApplication, KubeLab, edge_of_shop, end_callers
from tests.targets.local import LocalApplication, running_lab
from tests.targets.target import Application, Lab

REPOSITORY = Path(__file__).parents[2]
HERE = Path(__file__).parent
PLANES = ("loopmesh", "istio")


def shop_mesh(state: Path, **environment: str) -> MeshProcess:
    return MeshProcess(state=state, folder=REPOSITORY, environment=environment)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    """The running shop, for tests that leave it as they found it, but for orders placed."""
    mesh = shop_mesh(tmp_path_factory.mktemp("shop") / "state")
    mesh.up()
    yield mesh
    mesh.down()


@pytest.fixture(scope="module")
def shop_anywhere(request: pytest.FixtureRequest) -> Application:
    """The running shop, on this machine or on the cluster of --target kube, where a module may install it anew."""
    if request.config.getoption("--target") == KUBE:
        return KubeApplication("shop", edge_of_shop())
    return LocalApplication(request.getfixturevalue("shop"))


@pytest.fixture(scope="module")
def lab_anywhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The scripted application, on either."""
    if request.config.getoption("--target") == KUBE:
        yield KubeLab()
        return
    with running_lab(tmp_path_factory.mktemp("scripted"), HERE / "scripted") as lab:
        yield lab


@pytest.fixture(scope="module", params=PLANES)
def control_plane(request: pytest.FixtureRequest) -> str:
    """For meshes that behave alike under loopmesh's own and Istio's."""
    plane: str = request.param
    if plane == "istio":
        require_go()
    return plane


@pytest.fixture(scope="session", autouse=True)
def callers(request: pytest.FixtureRequest) -> Iterator[None]:
    """The pods that tests call from on a cluster end with the tests."""
    yield
    if request.config.getoption("--target") == KUBE:
        end_callers()
