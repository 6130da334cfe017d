"""A laboratory for the tests of a file, on each control plane: one that idles would take time from the others. Without
Go there is none on Istio's, except where CI=true says so."""

from collections.abc import Iterator

import pytest

from tests.go import require_go
from tests.parity.generator import Verifier, open_verifier
from tests.parity.laboratory import Laboratory, open_laboratory

PLANES = ("loopmesh", "istio")


@pytest.fixture(scope="module")
def loopmesh_laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with open_laboratory(tmp_path_factory.mktemp("loopmesh"), "loopmesh") as opened:
        yield opened


@pytest.fixture(scope="module")
def istio_laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    require_go()
    with open_laboratory(tmp_path_factory.mktemp("istio"), "istio") as opened:
        yield opened


@pytest.fixture(scope="module", params=PLANES)
def laboratory(request: pytest.FixtureRequest) -> Laboratory:
    opened: Laboratory = request.getfixturevalue(f"{request.param}_laboratory")
    return opened


@pytest.fixture(scope="module")
def laboratories(loopmesh_laboratory: Laboratory, istio_laboratory: Laboratory) -> dict[str, Laboratory]:
    """Both, by the name of the control plane."""
    return dict(zip(PLANES, (loopmesh_laboratory, istio_laboratory), strict=True))


@pytest.fixture(scope="session")
def verifier() -> Iterator[Verifier]:
    require_go()
    with open_verifier() as opened:
        yield opened
