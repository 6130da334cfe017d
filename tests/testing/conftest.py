"""The plugin's own fixtures, on a lab of scripted backends."""

from pathlib import Path

import pytest

from loopmesh.testing import MeshOptions

REPOSITORY = Path(__file__).parents[2]
LAB = Path(__file__).parent / "lab"


@pytest.fixture(scope="session")
def mesh_options() -> MeshOptions:
    return MeshOptions(values=LAB / "values.yaml", policies=LAB / "policies", backends=["backend"], folder=REPOSITORY)
