"""Reads policies of the tests as a user's would be, against one small application."""

from pathlib import Path

from loopmesh.model.mesh_settings import MeshSettings
from loopmesh.model.policies import Policies
from loopmesh.model.problem import InvalidInputError
from loopmesh.policies import PolicySet, check_policies, read_application

FOLDER = Path(__file__).parent
APPLICATION = read_application(FOLDER / "values.yaml")


def read_policies(*contents: str | bytes) -> Policies:
    """The policies of files `0.yaml`, `1.yaml` and so on."""
    files = [
        (f"{number}.yaml", text if isinstance(text, bytes) else text.encode()) for number, text in enumerate(contents)
    ]
    return check_policies(PolicySet.parse(files, APPLICATION.namespace), APPLICATION)


def read_fixture(file: Path) -> Policies:
    policy_set = PolicySet.parse([(file.name, file.read_bytes())], APPLICATION.namespace)
    return check_policies(policy_set, APPLICATION)


def read_mesh_config(content: bytes) -> MeshSettings:
    """The settings of a mesh config."""
    policy_set = PolicySet.parse([("mesh/meshconfig.yaml", content)], APPLICATION.namespace)
    return check_policies(policy_set, APPLICATION).settings


def problems_of(*contents: str | bytes) -> list[str]:
    """Each problem as the user sees it; none if all is well."""
    try:
        read_policies(*contents)
    except InvalidInputError as error:
        return [str(problem) for problem in error.problems]
    return []
