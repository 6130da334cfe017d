"""The pipelines, as far as they can be held to the repository without their host."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from loopmesh.policies import read_application
from tools.chart.go_tools import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
SERVICES = [service.name for service in read_application(ROOT / "helm" / "shop" / "values.yaml").services]
USES = re.compile(r"uses: (\S+)(.*)")
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


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_make_target_a_pipeline_calls_exists(workflow: Path) -> None:
    targets = re.findall(r"\bmake (\w[\w-]*)", workflow.read_text())
    makefile = (ROOT / "Makefile").read_text()
    assert [target for target in targets if f"\n{target}:" not in makefile] == []
