"""The pipelines, as far as they can be held to the repository without their host."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from loopmesh.model.topology import ISTIO_VERSION
from loopmesh.policies import read_application
from tests.chart.touching import paths_of, suites_of
from tools.chart.go_tools import ROOT, run_tool
from tools.images.building import IMAGES, local_tag

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SERVICES = [service.name for service in read_application(ROOT / "helm" / "shop" / "values.yaml").services]
USES = re.compile(r"uses: (\S+)(.*)")
CONTAINERFILES = sorted(file for room in ("helm", "tests", "tools") for file in (ROOT / room).rglob("*Containerfile"))
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


def test_the_gate_validates_what_terraform_and_go_are_needed_for() -> None:
    """Elsewhere tests are skipped where these, or Terraform's providers, cannot be had."""
    steps = read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["test"]["steps"]
    said = [step.get("uses", step.get("run", "")).partition("@")[0] for step in steps]
    gate = said.index(".ci/run")
    assert {"actions/setup-go", "hashicorp/setup-terraform"} <= set(said[:gate])
    assert "terraform -chdir=helm/terraform validate" in said[gate + 1]
    (terraform,) = [step["with"] for step in steps if "setup-terraform" in step.get("uses", "")]
    assert re.fullmatch(r"\d+\.\d+\.\d+", terraform["terraform_version"])


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


@pytest.mark.parametrize("file", CONTAINERFILES, ids=lambda path: path.parent.name + path.stem)
def test_every_base_image_is_pinned_by_digest_or_made_here(file: Path) -> None:
    text = file.read_text()
    arguments = {f"${{{name}}}": base for name, base in re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE)}
    bases = [arguments.get(base, base) for base in re.findall(r"^FROM (\S+)", text, re.MULTILINE)]
    assert bases
    made_here = {"scratch", *map(local_tag, IMAGES)}
    assert [base for base in bases if base not in made_here and not DIGEST.search(base)] == []


def test_everything_python_is_installed_by_hash() -> None:
    """uv holds what it installs to the hashes of its lock; pip does so when it is told."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    for package in lock["package"]:
        files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
        assert all(file["hash"].startswith("sha256:") for file in files), package["name"]
        assert files or set(package["source"]) & {"editable", "directory"}, package["name"]
    for file in (ROOT / "Makefile", *CONTAINERFILES):
        commands = re.split(r"(?<!\\)\n|&&", file.read_text())
        assert [one for one in commands if "pip install" in one and "--require-hashes" not in one] == []


def test_what_the_tests_image_installs_is_what_the_lock_file_has() -> None:
    lock = {package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    installed = re.findall(r"'([\w-]+)==(\S+) (--hash=.*)'", (ROOT / "tests" / "e2e" / "Containerfile").read_text())
    assert {name for name, _, _ in installed} == {"grpcio-tools", "setuptools"}
    for name, version, hashes in installed:
        assert version == lock[name]["version"]
        assert set(hashes.replace("--hash=", "").split()) <= {wheel["hash"] for wheel in lock[name]["wheels"]}


def test_istio_has_one_exact_version_whoever_installs_it() -> None:
    variables = (ROOT / "helm" / "terraform" / "variables.tf").read_text()
    assert re.fullmatch(r"\d+\.\d+\.\d+", ISTIO_VERSION)
    assert re.findall(r'^  default += "(.*)"$', variables, re.MULTILINE) == [ISTIO_VERSION]
    assert read(ROOT / "helm" / "argocd" / "values.yaml")["istio"]["version"] == ISTIO_VERSION
    for guide in ("delivery", "kind"):
        assert f"version {ISTIO_VERSION}," in (ROOT / "docs" / "guides" / f"{guide}.md").read_text()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_make_target_a_pipeline_calls_exists(workflow: Path) -> None:
    targets = re.findall(r"\bmake (\w[\w-]*)", workflow.read_text())
    makefile = (ROOT / "Makefile").read_text()
    assert [target for target in targets if f"\n{target}:" not in makefile] == []
