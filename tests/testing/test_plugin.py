"""A user's project: the plugin is there by being installed, configured by pytest's own file, and leaves nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.observing import wait_for
from tests.testing.conftest import LAB

CONFIGURATION = f"""
[pytest]
loopmesh_values = values.yaml
loopmesh_policies = {LAB / "policies"}
loopmesh_backends = backend
asyncio_default_fixture_loop_scope = function
"""
VALUES = """
namespace: lab
services:
  backend: {command: [of-the-user], ports: {grpc: 7000}, versions: {v1: {replicas: 1}}}
  caller: {command: [python, -m, loopmesh.scripted], ports: {grpc: 7000}, versions: {v1: {replicas: 1}}}
"""
TESTS = '''
import os
import signal
import grpc

DENY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny}
spec: {selector: {matchLabels: {app: backend}}, action: DENY, rules: [{}]}
"""

def test_denied(mesh):
    mesh.apply(DENY)
    assert mesh.call("caller", "backend:7000").code is grpc.StatusCode.PERMISSION_DENIED

def test_not_denied_any_more(mesh):
    assert mesh.call("caller", "backend:7000").ok
    assert len(mesh.backend("backend").calls) == 1
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text(CONFIGURATION)
    (tmp_path / "values.yaml").write_text(VALUES)
    (tmp_path / "test_policies.py").write_text(TESTS)
    return tmp_path


def run_pytest(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(argv, cwd=project, capture_output=True, text=True, timeout=90, check=False)


def meshes_of(project: Path) -> list[psutil.Process]:
    """Supervisors that were started in the project's folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = process.info["cmdline"] or []
        if "loopmesh.cli.daemon" in words and process.info["cwd"] == str(project):
            found.append(process)
    return found


def test_policies_of_one_test_do_not_reach_the_next_and_nothing_runs_afterwards(project: Path) -> None:
    result = run_pytest(project)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed" in result.stdout
    assert meshes_of(project) == []


def test_the_mesh_ends_with_a_killed_pytest(project: Path) -> None:
    (project / "test_policies.py").write_text(
        "import os, signal\ndef test(mesh): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert run_pytest(project).returncode == -signal.SIGKILL
    wait_for("the mesh has ended", lambda: meshes_of(project) == [])


def test_values_that_are_not_named_are_asked_for(project: Path) -> None:
    (project / "pytest.ini").write_text("[pytest]\n")
    result = run_pytest(project)
    assert result.returncode == 1
    assert "the mesh fixture needs `loopmesh_values` in pytest's configuration" in result.stdout


def test_wrong_values_and_policies_are_told_with_their_places(project: Path) -> None:
    (project / "values.yaml").write_text(VALUES.replace("replicas: 1", "replica: 1", 1))
    assert "did you mean `replicas`?" in run_pytest(project).stdout
    (project / "values.yaml").write_text(VALUES)
    (project / "bad.yaml").write_text("kind: VirtualService\n")
    (project / "pytest.ini").write_text(CONFIGURATION.replace(str(LAB / "policies"), "bad.yaml"))
    assert "bad.yaml:1: " in run_pytest(project).stdout
    assert meshes_of(project) == []


def test_why_the_mesh_does_not_start_is_all_that_is_told(project: Path) -> None:
    (project / "values.yaml").write_text(VALUES.replace("python, -m, loopmesh.scripted", "nowhere/program"))
    told = run_pytest(project).stdout
    assert "StartError: " in told
    assert "nowhere/program" in told
    assert "loopmesh/testing/session.py" not in told
    assert "CommandError" not in told


def test_a_backend_the_values_do_not_have_is_told_with_those_they_have(project: Path) -> None:
    (project / "pytest.ini").write_text(
        CONFIGURATION.replace("loopmesh_backends = backend", "loopmesh_backends = back")
    )
    assert "has no service back; it has backend, caller" in run_pytest(project).stdout


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        ("loopmesh.testing.plugin", "grpc"),
        ("loopmesh.testing.plugin", "loopmesh.cli"),
        ("loopmesh.cli.daemon", "pytest"),
    ],
)
def test_who_does_not_use_it_does_not_pay_for_it(imported: str, absent: str) -> None:
    code = f"import {imported}, sys; sys.exit({absent!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0
