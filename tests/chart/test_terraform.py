"""Terraform's files: their form always, what they read where Terraform is, the rest where its providers are, too."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from loopmesh.policies import read_application
from tools.chart.go_tools import ROOT, run_tool
from tools.chart.render import pods, render
from tools.images.building import IMAGES, local_tag
from tools.images.materials import EMPTY, of_image
from tools.kube.istio import POLICIES, mesh_config_values
from tools.kube.on_kind import CONFIG, VALUES

FOLDER = ROOT / "helm" / "terraform"
FILES = sorted(FOLDER.glob("*.tf"))


def hclfmt(file: Path) -> int:
    return run_tool("hclfmt", "-check", "-require-no-change", str(file)).returncode


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_every_file_has_the_form_hashicorps_formatter_gives_it(file: Path) -> None:
    assert hclfmt(file) == 0


@pytest.mark.parametrize("text", ["locals {\n  a=1\n}\n", "locals {\n"])
def test_another_form_or_none_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.tf").write_text(text)
    assert hclfmt(tmp_path / "wrong.tf") != 0


def test_every_provider_has_one_version() -> None:
    text = (FOLDER / "versions.tf").read_text()
    assert len(re.findall(r'^      version = "\d+\.\d+\.\d+"$', text, re.MULTILINE)) == text.count("source ") == 2


@pytest.fixture
def terraform(tmp_path: Path) -> Path:
    """A copy of the folder, beside what it reads."""
    if shutil.which("terraform") is None:
        pytest.skip("there is no `terraform` on PATH")
    for part in ("helm", "istio"):
        shutil.copytree(ROOT / part, tmp_path / part, symlinks=True)
    return tmp_path / "helm" / "terraform"


def run(folder: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["terraform", *words], cwd=folder, input=stdin, capture_output=True, text=True, timeout=120, check=False
    )


def evaluated(folder: Path, expression: str) -> Any:
    """Of what needs no provider."""
    for file in folder.glob("*.tf"):
        if file.stem not in ("locals", "variables"):
            file.unlink()
    answer = run(folder, "console", stdin=f"jsonencode({expression})\n")
    assert answer.returncode == 0, answer.stderr
    return json.loads(json.loads(answer.stdout))


def test_terraform_installs_what_make_kind_does(terraform: Path) -> None:
    names = ("cluster", "images", "values.base", "values.istiod", "values.shop")
    cluster, images, base, istiod, shop = evaluated(terraform, f"[{', '.join(f'local.{name}' for name in names)}]")
    assert cluster == yaml.safe_load(CONFIG.read_text())
    assert images == [local_tag(name) for name in IMAGES]
    assert base == [(POLICIES / "install" / "base.yaml").read_text()]
    assert istiod[0] == (POLICIES / "install" / "istiod.yaml").read_text()
    assert yaml.safe_load(istiod[1]) == yaml.safe_load(mesh_config_values())
    assert shop[0] == VALUES.read_text()


def test_an_image_that_was_built_anew_is_another_to_terraform_and_to_the_pods(terraform: Path) -> None:
    bills = terraform.parents[1] / "dist"
    bills.mkdir()
    for name in IMAGES:
        bill = of_image(local_tag(name), f"{name} as built", EMPTY)
        (bills / f"{name}.cdx.json").write_text(json.dumps(bill))
    built, shop = evaluated(terraform, "[local.built, local.values.shop]")
    assert built == {name: f"{name} as built" for name in IMAGES}
    (terraform / "shop.yaml").write_text(shop[1])
    made = pods(render("shop", "shop", "-f", str(VALUES), "-f", str(terraform / "shop.yaml")))
    told = {pod["metadata"]["labels"]["app"]: (pod["metadata"].get("annotations") or {}) for pod in made}
    services = {service.name for service in read_application(ROOT / "helm" / "shop" / "values.yaml").services}
    assert {name for name, one in told.items() if one.get("checksum/image") == "services as built"} == services


def test_terraform_finds_it_valid(terraform: Path) -> None:
    ready = run(terraform, "init", "-backend=false", "-input=false", "-no-color")
    if ready.returncode:
        pytest.skip("the providers of helm/terraform cannot be had here")
    answer = run(terraform, "validate", "-no-color")
    assert answer.returncode == 0, answer.stdout + answer.stderr
