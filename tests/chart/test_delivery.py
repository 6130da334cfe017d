"""The pipelines, as far as they can be held to the repository without their host."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from loopmesh.policies import read_application
from tools.chart.go_tools import ROOT, run_tool

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
SERVICES = [service.name for service in read_application(ROOT / "helm" / "shop" / "values.yaml").services]
USES = re.compile(r"uses: (\S+)(.*)")
CONTAINERFILES = sorted((ROOT / "helm" / "images").glob("*.Containerfile"))
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")


def read(workflow: Path) -> dict[str, Any]:
    """Words as they stand, for YAML 1.1 takes `on` for true."""
    document: dict[str, Any] = yaml.load(workflow.read_text(), yaml.BaseLoader)  # noqa: S506 - makes texts only
    return document


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_hash_and_says_its_version(workflow: Path) -> None:
    for action, rest in USES.findall(workflow.read_text()):
        if action.startswith("./"):
            assert (ROOT / action).is_file()
        else:
            assert PINNED.fullmatch(action), action
            assert re.match(r" # v\d", rest), action


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_a_pipeline_for_what_touches_it(service: str) -> None:
    pipeline = read(ROOT / ".github" / "workflows" / f"{service}.yml")
    assert pipeline["on"]["push"]["paths"] == pipeline["on"]["pull_request"]["paths"]
    paths = pipeline["on"]["push"]["paths"]
    assert {f"services/{service}/**", "services/chassis/**", f"proto/shop/{service}/**"} <= set(paths)
    others = [other for other in SERVICES if other != service]
    assert [path for path in paths for other in others if f"/{other}/" in path] == []
    assert [path for path in paths if not list(ROOT.glob(path))] == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_pipelines_of_all_services_are_the_same_but_for_the_name(service: str) -> None:
    """So that what one was found to lack, none lacks."""
    first, other = SERVICES[0], ROOT / ".github" / "workflows" / f"{service}.yml"
    template = (ROOT / ".github" / "workflows" / f"{first}.yml").read_text()
    assert other.read_text() == template.replace(first, service)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actionlint_finds_nothing_wrong(workflow: Path) -> None:
    answer = run_tool("actionlint", "-shellcheck=", "-pyflakes=", str(workflow))
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("file", CONTAINERFILES, ids=lambda path: path.stem)
def test_every_base_image_is_pinned_by_digest(file: Path) -> None:
    text = file.read_text()
    bases = dict(re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE))
    stages = re.findall(r"^FROM \$\{(\w+)\}", text, re.MULTILINE)
    assert stages
    assert len(stages) == len(re.findall(r"^FROM ", text, re.MULTILINE))
    assert [stage for stage in stages if not DIGEST.search(bases[stage])] == []


def test_everything_python_is_installed_by_hash() -> None:
    """uv holds what it installs to the hashes of its lock; pip does so when it is told."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    for package in lock["package"]:
        files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
        assert all(file["hash"].startswith("sha256:") for file in files), package["name"]
        assert files or set(package["source"]) & {"editable", "directory"}, package["name"]
    for file in (ROOT / "Makefile", ROOT / "helm" / "images" / "services.Containerfile"):
        assert re.findall(r"pip install\b(?!.*--require-hashes).*", file.read_text()) == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_make_target_a_pipeline_calls_exists(workflow: Path) -> None:
    targets = re.findall(r"\bmake (\w[\w-]*)", workflow.read_text())
    makefile = (ROOT / "Makefile").read_text()
    assert [target for target in targets if f"\n{target}:" not in makefile] == []
