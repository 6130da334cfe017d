"""Policies are compared, removed and taken back on a running mesh."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loopmesh.testing.mesh_process import MESH, MeshProcess
from tests.e2e.shop_client import ask
from tests.observing import wait_for
from tests.refused_script import REFUSED_SCRIPT

FOLDER = Path(__file__).parent / "foreign"
POLICIES = (FOLDER / "policies" / "lab.yaml").read_text()
PERMISSION_DENIED = 7
GET_TIME = ("clock:7000", "GetTime")
DENY = """apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: clock}
spec:
  selector: {matchLabels: {app: clock}}
  action: DENY
  rules: [{}]
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    arguments = ("--values", "values.yaml", "--policies", "policies")
    mesh = MeshProcess(state=tmp_path_factory.mktemp("lab") / "state", folder=FOLDER, up_arguments=arguments)
    mesh.up()
    yield mesh
    mesh.down()


@pytest.fixture
def lab(running: MeshProcess) -> Iterator[MeshProcess]:
    yield running
    running.command("apply", "-f", "policies")


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    path = tmp_path / "changed.yaml"
    path.write_text(POLICIES.replace("timeout: 3s", "timeout: 4s"))
    return path


def test_a_difference_is_told_and_not_made(lab: MeshProcess, changed: Path) -> None:
    first = json.loads(lab.command("diff", "-f", str(changed), "--json"))
    assert first == json.loads(lab.command("diff", "-f", str(changed), "--json"))
    assert first == {
        "problems": [],
        "policies": [
            {
                "policy": "VirtualService lab/web",
                "change": "changed",
                "origin": {"file": str(changed), "line": 26},
                "fields": [{"path": "spec.http[0].timeout", "before": "3s", "after": "4s"}],
            }
        ],
        "workloads": [{"name": "door-0", "changes": [{"part": "route", "name": "*:80", "change": "changed"}]}],
    }
    said = lab.command("diff", "-f", str(changed))
    assert "VirtualService lab/web" in said
    assert "spec.http[0].timeout: 3s → 4s" in said
    assert "door-0:\n    route *:80: changed" in said


def test_what_a_removal_would_change_is_told_and_not_made(lab: MeshProcess) -> None:
    found = json.loads(lab.command("diff", "--delete", "AuthorizationPolicy", "clock", "--json"))
    (policy,) = found["policies"]
    assert (policy["policy"], policy["change"]) == ("AuthorizationPolicy lab/clock", "removed")
    assert found["workloads"]
    assert "AuthorizationPolicy lab/clock" in lab.command("diff", "--delete", "-f", "policies")
    assert lab.call_status("door", "clock:7000", "GetTime") == PERMISSION_DENIED


def test_after_applying_it_there_is_no_difference(lab: MeshProcess, changed: Path) -> None:
    lab.command("apply", "-f", str(changed))
    assert lab.command("diff", "-f", str(changed)) == "nothing would change\n"


def test_a_wrong_policy_is_no_difference_but_a_problem(lab: MeshProcess, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(POLICIES.replace("host: web,", "host: wob,"))
    result = lab.run("diff", "-f", str(path))
    assert result.returncode == 1
    assert "host wob.lab.svc.cluster.local: no service has this host; did you mean web.lab" in result.stderr


def test_what_is_removed_holds_no_longer(lab: MeshProcess) -> None:
    assert lab.call_status("door", "clock:7000", "GetTime") == PERMISSION_DENIED
    said = lab.command("delete", "authorizationpolicy", "clock")
    assert "AuthorizationPolicy lab/clock" in said
    assert lab.call_status("door", "clock:7000", "GetTime") == 0


def test_changes_are_told_as_json(lab: MeshProcess, changed: Path) -> None:
    applied = json.loads(lab.command("apply", "-f", str(changed), "--json"))
    assert list(applied) == ["changed", "policies", "acknowledged", "milliseconds", "problems", "rejected", "late"]
    assert (applied["changed"], applied["rejected"], applied["late"]) == (True, [], [])
    assert "VirtualService lab/web" in applied["policies"]
    deleted = json.loads(lab.command("delete", "AuthorizationPolicy", "clock", "--json"))
    assert (deleted["changed"], deleted["policies"]) == (True, ["AuthorizationPolicy lab/clock"])
    faulty = json.loads(lab.command("fault", "clock", "--delay", "10ms", "--json"))
    assert Path(faulty["file"]).read_text() == faulty["yaml"]
    assert faulty["changed"]
    lab.command("delete", "-f", faulty["file"])


def test_a_refused_change_as_json_fails(lab: MeshProcess, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(POLICIES.replace("host: web,", "host: wob,"))
    result = lab.run("apply", "-f", str(path), "--json")
    said = json.loads(result.stdout)
    assert (result.returncode, said["changed"]) == (1, False)
    assert {problem["code"] for problem in said["problems"]} == {"IST0101"}


def test_what_others_need_is_not_removed(lab: MeshProcess) -> None:
    result = lab.run("delete", "Gateway", "lab/door")
    assert result.returncode == 1
    assert "VirtualService lab/web: gateway lab/door: there is no such Gateway" in result.stderr
    assert ask(f"{lab.edge}/time").status == 200


def test_the_policies_of_files_are_removed_together(lab: MeshProcess) -> None:
    said = lab.command("delete", "-f", "policies")
    assert "Gateway lab/door" in said
    assert "VirtualService lab/web" in said
    assert lab.run("delete", "-f", "policies").returncode == 1, "they are gone already"


def test_policies_come_from_standard_input(lab: MeshProcess) -> None:
    policy = (lab.folder / "policies" / "lab.yaml").read_text()
    assert lab.run("diff", "-f", "-", stdin=policy).stdout == "nothing would change\n"
    broken = lab.run("apply", "-f", "-", stdin="kind: [")
    assert broken.stderr.startswith("/dev/stdin:2: YAML: ")


def test_an_unknown_policy_is_told_with_the_one_that_is_meant(lab: MeshProcess) -> None:
    result = lab.run("delete", "VirtualService", "wob")
    assert result.returncode == 1
    assert "there is no VirtualService lab/wob; did you mean VirtualService lab/web?" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("VirtualService",), ("Vrtualservice", "web")])
def test_wrong_use_of_delete_is_exit_code_2(lab: MeshProcess, arguments: tuple[str, ...]) -> None:
    assert lab.run("delete", *arguments).returncode == 2


def test_what_a_proxy_refuses_is_told_with_its_policy_and_taken_back_whole(lab: MeshProcess, changed: Path) -> None:
    changed.write_text(f"{changed.read_text()}---{REFUSED_SCRIPT}")
    result = lab.run("apply", "-f", str(changed))
    assert result.returncode == 1
    line = changed.read_text().splitlines().index("kind: EnvoyFilter")
    first, *_ = result.stderr.splitlines()
    said = f"mesh: {changed}:{line}: EnvoyFilter lab/script: proxies refuse what comes of it: script load error: "
    assert first.startswith(said)
    assert "\n    door-0: Listener gateway|80\n" in result.stderr
    assert "nothing was changed" in result.stderr

    assert ask(f"{lab.edge}/time").status == 200
    assert "spec.http[0].timeout: 3s → 4s" in lab.command("diff", "-f", str(changed)), "no part of it is in force"


def test_the_mesh_config_is_compared_applied_and_removed_like_a_policy(lab: MeshProcess, tmp_path: Path) -> None:
    path = tmp_path / "meshconfig.yaml"
    path.write_text("connectTimeout: 3s\n")
    said = lab.command("diff", "-f", str(path))
    assert "MeshConfig istio-system/istio" in said
    assert "door-0:" in said
    assert "MeshConfig istio-system/istio" in lab.command("apply", "-f", str(path))
    assert lab.command("diff", "-f", str(path)) == "nothing would change\n"
    assert "MeshConfig istio-system/istio" in lab.command("delete", "-f", str(path))
    assert "nothing would change" not in lab.command("diff", "-f", str(path))
    lab.command("apply", "-f", str(path))
    assert "MeshConfig istio-system/istio" in lab.command("delete", "MeshConfig", "istio")
    assert "there is no MeshConfig istio-system/istio; no MeshConfig is in force" in (
        lab.run("delete", "meshconfig", "istio").stderr
    )


def test_a_mesh_config_that_proxies_refuse_is_named_and_taken_back(lab: MeshProcess, tmp_path: Path) -> None:
    path = tmp_path / "meshconfig.yaml"
    path.write_text('accessLogFile: /dev/stdout\naccessLogFormat: "%NO_SUCH_THING%"\n')
    result = lab.run("apply", "-f", str(path))
    assert result.returncode == 1
    assert f"{path}:1: MeshConfig istio-system/istio: proxies refuse what comes of it: " in result.stderr
    assert ask(f"{lab.edge}/time").status == 200


def test_the_status_shows_a_refusal_until_a_change_is_taken(lab: MeshProcess, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(REFUSED_SCRIPT)
    assert lab.run("apply", "-f", str(path)).returncode == 1
    (rejected,) = lab.workload("door-0")["envoy"]["rejected"]
    assert rejected["policies"] == ["EnvoyFilter lab/script"]
    assert "script load error" in rejected["message"]
    assert f"{path}:2: EnvoyFilter lab/script: proxies refuse what comes of it: " in lab.command("status")

    lab.command("apply", "-f", "policies")
    assert lab.workload("door-0")["envoy"]["rejected"] == []


def test_what_a_late_proxy_refuses_is_told_with_its_policy_while_it_stands(
    lab: MeshProcess, changed: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.yaml"
    # What a proxy has refused before is not sent again.
    script.write_text(REFUSED_SCRIPT.replace("this is no Lua", "nor is this"))
    with stopped(lab.workload("door-0")["envoy"]["pid"]):
        late = lab.run("apply", "-f", str(changed), "-f", str(script))
        assert late.returncode == 1
        assert "the change is in force, but no answer came in time from door-0" in late.stderr
    (rejected,) = wait_for("what it refuses", lambda: lab.workload("door-0")["envoy"]["rejected"])
    assert (rejected["policies"], rejected["places"]) == (["EnvoyFilter lab/script"], [f"{script}:2"])
    assert ask(f"{lab.edge}/time").status == 200

    lab.command("apply", "-f", "policies")
    assert f"{script}:2: EnvoyFilter lab/script: proxies refuse what comes of it: " in lab.command("status")
    lab.command("delete", "EnvoyFilter", "script")
    assert lab.workload("door-0")["envoy"]["rejected"] == []


def test_a_change_is_taken_back_whole_though_whoever_asked_for_it_has_gone(lab: MeshProcess, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(f"{DENY}---{REFUSED_SCRIPT.replace('this is no Lua', 'nor that one')}")
    with stopped(lab.workload("door-0")["envoy"]["pid"]):
        applying = subprocess.Popen([MESH, "apply", "-f", path, "--state", lab.state])
        wait_for("the others to have it", lambda: lab.call_status("web", *GET_TIME) == PERMISSION_DENIED)
        applying.kill()
        applying.wait()
    wait_for("it to be taken back", lambda: lab.call_status("web", *GET_TIME) == 0)
    assert lab.command("diff", "-f", "policies") == "nothing would change\n"


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_mesh_does_not_start_with_what_a_proxy_refuses_and_names_the_policy(tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text(f"{POLICIES}---{REFUSED_SCRIPT}")
    mesh = MeshProcess(state=tmp_path / "state", folder=FOLDER)
    result = mesh.run(
        *(
            "up",
            "--detach",
            "--edge-port",
            "0",
            "--values",
            "values.yaml",
            "--policies",
            str(tmp_path / "policies.yaml"),
        )
    )
    assert result.returncode == 1
    assert ": EnvoyFilter lab/script: proxies refuse what comes of it: script load error" in result.stderr
    assert "    door-0: Listener gateway|80" in result.stderr
    assert mesh.run("status").returncode == 1
