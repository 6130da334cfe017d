"""Every file a guide shows is written where it says; its tests and commands are run as a reader would run them."""

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
from tools.chart.render import render

GUIDES = ROOT / "docs" / "guides"
TESTING, OWN_SERVICE = "testing-policies", "own-service"
FILE = re.compile(r"^`([\w./-]+)`:\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALL = re.compile(r"^helm install (\w+) helm/(\w+) (.*?[^\\])$", re.MULTILINE | re.DOTALL)
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


@own_service
def test_the_cluster_of_the_guide_gets_the_policies_of_the_laptop(project: Path) -> None:
    require_go()
    ((name, chart, flags),) = INSTALL.findall((GUIDES / f"{OWN_SERVICE}.md").read_text())
    words = [
        re.sub(r"(?<![\w/])(values\.yaml|istio/)", rf"{project}/\1", word)
        for word in shlex.split(flags.replace("\\\n", ""))
    ]
    assert words.pop(words.index("--namespace") + 1) == name
    words.remove("--namespace")
    words.remove("--create-namespace")
    shipped = [one for one in render(chart, name, *words) if ".istio.io/" in one["apiVersion"]]
    files = sorted((project / "istio").glob("*.yaml"))
    written = [one for file in files for one in yaml.safe_load_all(file.read_text())]

    def by_name(one: dict[str, dict[str, str]]) -> tuple[str, str]:
        return str(one["kind"]), one["metadata"]["name"]

    assert sorted(shipped, key=by_name) == sorted(written, key=by_name)
