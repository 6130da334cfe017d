"""Every file a guide shows is written where it says; its tests and commands are run as a reader would run them.

What needs a registry or a cluster is held to what the chart renders.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.console import run_console
from tests.go import require_go
from tools.chart.go_tools import ROOT
from tools.chart.render import Manifest, of_kind, pods, render

GUIDES = ROOT / "docs" / "guides"
TESTING, OWN_SERVICE = "testing-policies", "own-service"
FILE = re.compile(r"^`([\w./-]+)`:\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALL = re.compile(r"^helm install (\w+) helm/(\w+) (.*?[^\\])$", re.MULTILINE | re.DOTALL)
BUILD = re.compile(r"^docker build .*--tag (\S+) \. && docker push (\S+)$", re.MULTILINE)
FORWARD = re.compile(r"^kubectl -n (\w+) port-forward service/(\w+) \d+:(\d+)$", re.MULTILINE)
LINES_OF_A_TEST = 10
each_guide = pytest.mark.parametrize("project", [TESTING, OWN_SERVICE], indirect=True)
own_service = pytest.mark.parametrize("project", [OWN_SERVICE], indirect=True)


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What the reader of a guide has."""
    for name, content in FILE.findall((GUIDES / f"{request.param}.md").read_text()):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        assert not file.exists(), f"{name} is shown twice"
        file.write_text(content)
    return tmp_path


@each_guide
@pytest.mark.timeout(900)
@pytest.mark.parametrize("control_plane", ["loopmesh", "istio"])
def test_the_tests_of_the_guide_pass_on_both_control_planes(project: Path, control_plane: str) -> None:
    if control_plane == "istio":
        require_go()
    count = sum(len(re.findall(r"^def test_", file.read_text(), re.MULTILINE)) for file in project.glob("test_*.py"))
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "--loopmesh-control-plane", control_plane]
    argv = [sys.executable, "-m", "pytest", *options]
    result = subprocess.run(argv, cwd=project, capture_output=True, text=True, timeout=800, check=False)
    assert f"{count} passed" in result.stdout, result.stdout + result.stderr


@each_guide
def test_no_test_of_the_guide_is_longer_than_it_promises(project: Path) -> None:
    for file in project.glob("test_*.py"):
        for test in re.findall(r"^def test_.*?(?=^\S|\Z)", file.read_text(), re.MULTILINE | re.DOTALL):
            assert len(test.strip().splitlines()) <= LINES_OF_A_TEST, test


@own_service
def test_the_commands_of_the_guide_do_what_it_says_in_their_order(project: Path) -> None:
    run_console((GUIDES / f"{OWN_SERVICE}.md").read_text(), project)


@own_service
def test_the_image_of_the_guide_holds_what_the_values_run(project: Path) -> None:
    (copied,) = re.findall(r"^COPY (.*) /app/$", (project / "Containerfile").read_text(), re.MULTILINE)
    services = yaml.safe_load((project / "values.yaml").read_text())["services"].values()
    assert copied.split() == [program for _, program in (service["command"] for service in services)]
    assert all((project / program).is_file() for program in copied.split())


def installed(project: Path) -> list[Manifest]:
    """What `helm install` of the guide sends."""
    require_go()
    ((name, chart, flags),) = INSTALL.findall((GUIDES / f"{OWN_SERVICE}.md").read_text())
    words = [
        re.sub(r"(?<![\w/])(values\.yaml|istio/)", rf"{project}/\1", word)
        for word in shlex.split(flags.replace("\\\n", ""))
    ]
    assert words.pop(words.index("--namespace") + 1) == name
    words.remove("--namespace")
    words.remove("--create-namespace")
    return render(chart, name, *words)


@own_service
def test_the_cluster_of_the_guide_gets_the_policies_of_the_laptop(project: Path) -> None:
    shipped = [one for one in installed(project) if ".istio.io/" in one["apiVersion"]]
    files = sorted((project / "istio").glob("*.yaml"))
    written = [one for file in files for one in yaml.safe_load_all(file.read_text())]

    def by_name(one: dict[str, dict[str, str]]) -> tuple[str, str]:
        return str(one["kind"]), one["metadata"]["name"]

    assert sorted(shipped, key=by_name) == sorted(written, key=by_name)


@own_service
def test_the_pods_of_the_guide_run_the_image_that_it_builds_and_sends(project: Path) -> None:
    ((built, sent),) = BUILD.findall((GUIDES / f"{OWN_SERVICE}.md").read_text())
    programs = [pod["spec"]["containers"][0]["image"] for pod in pods(installed(project))]
    assert {image for image in programs if image != "auto"} == {built} == {sent}


@own_service
def test_the_cluster_of_the_guide_has_what_its_last_commands_ask(project: Path) -> None:
    text = (GUIDES / f"{OWN_SERVICE}.md").read_text()
    manifests = installed(project)
    ((release, namespace),) = re.findall(r"^helm test (\w+) --namespace (\w+)$", text, re.MULTILINE)
    tests = [one for one in of_kind(manifests, "Pod") if one["metadata"]["annotations"]["helm.sh/hook"] == "test"]
    assert INSTALL.findall(text)[0][0] == release
    assert {one["metadata"]["namespace"] for one in tests} == {namespace}
    ((namespace, service, port),) = FORWARD.findall(text)
    services = {(one["metadata"]["namespace"], one["metadata"]["name"]): one for one in of_kind(manifests, "Service")}
    assert int(port) in [one["port"] for one in services[namespace, service]["spec"]["ports"]]


@own_service
def test_no_command_of_the_guide_is_left_out(project: Path) -> None:
    """What its blocks for a shell say is what the tests above read."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (GUIDES / f"{OWN_SERVICE}.md").read_text(), re.MULTILINE | re.DOTALL)
    commands = "".join(blocks).replace("\\\n", "").splitlines()
    assert [one.split()[:2] for one in commands] == [
        ["docker", "build"],
        ["helm", "install"],
        ["helm", "test"],
        ["kubectl", "-n"],
    ]
