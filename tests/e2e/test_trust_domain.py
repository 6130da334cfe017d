"""A mesh in a trust domain of its own, on both control planes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.testing.mesh_process import MeshProcess

FOLDER = Path(__file__).parent / "scripted"
PERMISSION_DENIED = 7
POLICIES = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: scripted}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: backend, namespace: scripted}
spec: {rules: [{from: [{source: {principals: [%s/ns/scripted/sa/caller]}}]}]}
"""


@pytest.fixture(scope="module")
def mesh(control_plane: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    folder = tmp_path_factory.mktemp("domain")
    (folder / "script").mkdir()
    (folder / "policies").mkdir()
    (folder / "policies" / "meshconfig.yaml").write_text("trustDomain: shop.example.org\n")
    (folder / "policies" / "lab.yaml").write_text(POLICIES % "shop.example.org")
    running = MeshProcess(
        state=folder / "state",
        folder=FOLDER,
        up_arguments=(
            "--values",
            "values.yaml",
            "--policies",
            str(folder / "policies"),
            "--control-plane",
            control_plane,
        ),
        environment={"SCRIPT": str(folder / "script")},
    )
    running.up()
    yield running
    running.down()


def test_every_identity_is_in_the_domain_of_the_mesh(mesh: MeshProcess) -> None:
    identities = {workload["spiffe_id"] for workload in mesh.status()["workloads"]}
    assert identities == {f"spiffe://shop.example.org/ns/scripted/sa/{name}" for name in ("backend", "caller")}


@pytest.mark.parametrize("domain", ["shop.example.org", "cluster.local"])
def test_a_principal_is_named_by_the_domain_or_by_istio_s_word_for_it(mesh: MeshProcess, domain: str) -> None:
    path = mesh.state.parent / "policies" / "lab.yaml"
    path.write_text(POLICIES % domain)
    mesh.command("apply", "-f", str(path))
    assert mesh.call_status("caller", "backend:7000", "Do") == 0


def test_a_principal_of_another_domain_is_nobody(mesh: MeshProcess) -> None:
    path = mesh.state.parent / "policies" / "lab.yaml"
    path.write_text(POLICIES % "other.example.org")
    mesh.command("apply", "-f", str(path))
    assert mesh.call_status("caller", "backend:7000", "Do") == PERMISSION_DENIED


def test_the_domain_does_not_change_under_a_running_mesh(mesh: MeshProcess, tmp_path: Path) -> None:
    (tmp_path / "meshconfig.yaml").write_text("trustDomain: other.example.org\n")
    result = mesh.run("apply", "-f", str(tmp_path / "meshconfig.yaml"))
    assert result.returncode == 1
    assert "stop the mesh and start it with the new one" in result.stderr
    assert {one["ready"] for one in mesh.status()["workloads"]} == {True}
