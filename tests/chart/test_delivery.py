"""The pipelines, as far as they can be held to the repository without their host."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from loopmesh.policies import read_application
from tests.chart.touching import paths_of, suites_of
from tools.chart.go_tools import ROOT, run_tool

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
SERVICES = [service.name for service in read_application(ROOT / "helm" / "shop" / "values.yaml").services]
USES = re.compile(r"uses: (\S+)(.*)")
CONTAINERFILES = sorted((ROOT / "helm" / "images").glob("*.Containerfile"))
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
RUN_TESTS = re.compile(r'make test ARGS="(.*)"')
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
def test_a_pipeline_runs_for_what_its_service_is_made_and_tested_of_and_for_nothing_else(service: str) -> None:
    pipeline = read(ROOT / ".github" / "workflows" / f"{service}.yml")
    assert pipeline["on"]["push"]["paths"] == pipeline["on"]["pull_request"]["paths"]
    paths = pipeline["on"]["push"]["paths"]
    assert sorted(paths) == sorted(paths_of(service))
    assert [path for path in paths if not list(ROOT.glob(path))] == []


def test_orders_is_touched_by_the_contracts_of_those_it_calls_and_not_by_their_programs() -> None:
    paths = paths_of("orders")
    for other in ("catalog", "inventory", "wallet", "shipping"):
        assert {f"proto/shop/{other}/**", f"gen/python/shop/{other}/**"} <= paths
        assert f"services/{other}/**" not in paths


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_is_made_after_the_services_own_tests_and_those_every_service_must_pass(service: str) -> None:
    jobs = read(ROOT / ".github" / "workflows" / "service.yml")["jobs"]
    assert jobs["image"]["needs"] == "test"
    (words,) = [found for step in jobs["test"]["steps"] for found in RUN_TESTS.findall(step.get("run", ""))]
    named = [one for word in words.replace("${{ inputs.service }}", service).split() for one in ROOT.glob(word)]
    run = {file for one in named for file in (one.rglob("test_*.py") if one.is_dir() else [one])}
    assert run == set(suites_of(service))
    assert {file.parent.name for file in run} == {service, "chassis", "services"}


@pytest.mark.parametrize("service", SERVICES)
def test_the_pipelines_of_all_services_are_the_same_but_for_the_name_and_what_touches_them(service: str) -> None:
    """So that what one was found to lack, none lacks."""
    texts = []
    for name in (SERVICES[0], service):
        text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text().replace(name, "service")
        texts.append(re.sub(r"^    - .*\n", "", text, flags=re.MULTILINE))
    assert texts[0] == texts[1]


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
