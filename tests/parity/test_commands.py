"""`mesh verify`, and a mesh on Istio's generator under the same commands as any other."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopmesh.testing.mesh_process import MESH, MeshProcess
from tests.e2e.shop_client import ask
from tests.go import require_go
from tests.observing import wait_for
from tests.refused_script import REFUSED_SCRIPT

REPOSITORY = Path(__file__).parents[2]
FOREIGN = REPOSITORY / "tests" / "e2e" / "foreign"
ARGUMENTS = ("--values", "values.yaml", "--policies", "policies")
REFUSED = """apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: clock, namespace: lab}
spec:
  hosts: [clock]
  http: [{timeout: soon, route: [{destination: {host: clock}}]}]
"""
PERMISSION_DENIED = 7


@pytest.fixture(scope="module")
def by_istio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    """Somebody else's application on Istio's generator: HTTP/1.1 on TCP, gRPC on a socket, a gateway, two ports."""
    require_go()
    state = tmp_path_factory.mktemp("by-istio") / "state"
    mesh = MeshProcess(state=state, folder=FOREIGN, up_arguments=(*ARGUMENTS, "--control-plane", "istio"))
    mesh.up()
    yield mesh
    mesh.down()


def verify(*arguments: str, folder: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    require_go()
    return subprocess.run([MESH, "verify", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_the_shop_s_policies_mean_the_same_as_under_istio() -> None:
    verified = verify()
    assert verified.stdout == "no difference from Istio\n"
    assert verified.returncode == 0


def test_what_is_different_on_purpose_is_told_with_the_reason() -> None:
    told = verify(*ARGUMENTS, "--declared", folder=FOREIGN).stdout.splitlines()
    assert "on purpose: loopmesh has one set of routes for all ports" in told
    assert told[-1] == "no difference from Istio"


def test_policies_loopmesh_refuses_cannot_be_verified(tmp_path: Path) -> None:
    (tmp_path / "refused.yaml").write_text(REFUSED)
    verified = verify("--values", "values.yaml", "--policies", str(tmp_path), folder=FOREIGN)
    assert verified.returncode == 1
    assert f"{tmp_path}/refused.yaml:6: spec.http[0].timeout: soon" in verified.stderr


def test_its_services_call_each_other_under_its_policies(by_istio: MeshProcess) -> None:
    assert ask(f"{by_istio.edge}/time").body.startswith("It is 20")
    assert "instance" in by_istio.call("web", "clock:7000", "GetTime")
    assert by_istio.call_status("clock", "clock:7000", "GetTime") == PERMISSION_DENIED


def test_a_forwarded_port_has_the_workload_s_identity(by_istio: MeshProcess) -> None:
    with by_istio.forward("web", "web:8000") as address:
        assert ask(f"http://{address}/time").status == 200


def test_new_instances_take_calls(by_istio: MeshProcess) -> None:
    by_istio.command("scale", "clock=3")
    seen = {by_istio.call("web", "clock:7000", "GetTime")["instance"] for _ in range(12)}
    assert seen == {"clock-v1-0", "clock-v1-1", "clock-v1-2"}


def test_an_explanation_names_the_peer_authentication_that_holds(by_istio: MeshProcess) -> None:
    told = by_istio.command("explain", "--from", "web", "clock:7000", "GetTime")
    assert "[PeerAuthentication lab/default (policies/lab.yaml:5)]" in told


def test_what_istio_refuses_is_told_with_its_place_and_changes_nothing(by_istio: MeshProcess, tmp_path: Path) -> None:
    policy = tmp_path / "refused.yaml"
    policy.write_text(REFUSED)
    applied = by_istio.run("apply", "-f", str(policy))
    assert applied.returncode == 1
    assert f"{policy}:1: VirtualService lab/clock: Istio says: " in applied.stderr
    assert ask(f"{by_istio.edge}/time").status == 200


def test_a_generator_that_was_ended_is_started_again(by_istio: MeshProcess) -> None:
    (tasks,) = Path(f"/proc/{by_istio.supervisor_pid}/task").glob(str(by_istio.supervisor_pid))
    programs = {pid: Path(f"/proc/{pid}/exe").resolve() for pid in (tasks / "children").read_text().split()}
    (generator,) = [int(pid) for pid, program in programs.items() if program.parent.parent.name == "loopmesh"]
    os.kill(generator, signal.SIGKILL)
    wait_for("its end", lambda: not Path(f"/proc/{generator}/exe").exists())
    assert "taken by" in by_istio.command("apply", "-f", "policies")


def test_what_a_proxy_refuses_is_blamed_on_the_policy_it_comes_from(by_istio: MeshProcess, tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text(REFUSED_SCRIPT)
    applied = by_istio.run("apply", "-f", "policies", "-f", str(script))
    assert applied.returncode == 1
    first, *_ = applied.stderr.splitlines()
    assert first.startswith(f"mesh: {script}:2: EnvoyFilter lab/script: proxies refuse what comes of it: script load")
    assert ask(f"{by_istio.edge}/time").status == 200
