"""One laboratory a session on each control plane. Without Go there is none on Istio's, except where CI=true says so."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.parity.laboratory import Laboratory, open_laboratory


@pytest.fixture(scope="session", params=["loopmesh", "istio"])
def laboratory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    plane = str(request.param)
    if plane == "istio":
        require_go()
    with open_laboratory(tmp_path_factory.mktemp(plane), plane) as opened:
        yield opened


def require_go() -> None:
    """Skips without Go; fails where nothing may be skipped."""
    if shutil.which("go") is None:
        said = "Istio's generator is built with Go, and there is no `go` on PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
