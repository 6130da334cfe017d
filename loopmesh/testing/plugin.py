"""The pytest plugin: a mesh for a whole test session, and for each test its own view of it.

Nothing of loopmesh is imported before a test asks for a mesh.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from loopmesh.testing.mesh import Mesh
    from loopmesh.testing.session import MeshOptions, MeshSession
    from loopmesh.testing.tokens import TokenIssuer

VALUES = "loopmesh_values"
POLICIES = "loopmesh_policies"
BACKENDS = "loopmesh_backends"
CONTROL_PLANE = "--loopmesh-control-plane"
CONTROL_PLANES = ("loopmesh", "istio")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("loopmesh", "policies of a service mesh")
    group.addoption(
        CONTROL_PLANE,
        choices=CONTROL_PLANES,
        default=CONTROL_PLANES[0],
        help="whose configuration the proxies get: loopmesh's own, or that of Istio's generator (needs Go)",
    )
    parser.addini(VALUES, "Helm values file that says what runs in the tests' mesh", type="paths")
    parser.addini(POLICIES, "file or folder of Istio YAML the tests' mesh starts with", type="paths")
    parser.addini(BACKENDS, "services of the values that are scripted backends instead of their programs", type="args")


@pytest.fixture(scope="session")
def mesh_options(pytestconfig: pytest.Config) -> "MeshOptions":
    """What the mesh is made of, from pytest's configuration; override it to say so in Python."""
    from loopmesh.cli.options import ControlPlaneKind
    from loopmesh.testing.session import MeshOptions

    values = _one_path(pytestconfig, VALUES)
    if values is None:
        raise pytest.UsageError(f"the mesh fixture needs `{VALUES}` in pytest's configuration: a Helm values file")
    return MeshOptions(
        values=values,
        policies=_one_path(pytestconfig, POLICIES),
        backends=tuple(pytestconfig.getini(BACKENDS)),
        folder=pytestconfig.rootpath,
        control_plane=ControlPlaneKind(pytestconfig.getoption(CONTROL_PLANE)),
    )


@pytest.fixture(scope="session")
def mesh_session(
    mesh_options: "MeshOptions", tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> "Iterator[MeshSession]":
    """The running mesh of the session."""
    __tracebackhide__ = True
    from loopmesh.testing.session import MeshSession

    session = MeshSession(mesh_options, tmp_path_factory.mktemp("loopmesh"), _report(pytestconfig))
    yield session
    session.stop()


@pytest.fixture
def mesh(mesh_session: "MeshSession") -> "Iterator[Mesh]":
    """The mesh for one test: what it applies and scripts is undone afterwards."""
    from loopmesh.testing.mesh import Mesh

    yield Mesh(mesh_session)
    mesh_session.restore()


@pytest.fixture(scope="session")
def token_issuer() -> "TokenIssuer":
    """Signs tokens for policies that ask for them."""
    from loopmesh.testing.tokens import TokenIssuer

    return TokenIssuer()


def _report(config: pytest.Config) -> Callable[[str], None]:
    """Shows progress at once: building Istio's generator for the first time takes minutes."""

    def report(line: str) -> None:
        terminal = config.pluginmanager.getplugin("terminalreporter")
        capture = config.pluginmanager.getplugin("capturemanager")
        if terminal is not None and capture is not None and config.getoption(CONTROL_PLANE) == CONTROL_PLANES[1]:
            with capture.global_and_fixture_disabled():
                terminal.write_line(f"loopmesh: {line}")

    return report


def _one_path(config: pytest.Config, name: str) -> Path | None:
    """Relative ones count from the folder of pytest's configuration file."""
    paths = config.getini(name)
    if len(paths) > 1:
        raise pytest.UsageError(f"`{name}` is one path, not {len(paths)}")
    return paths[0] if paths else None
