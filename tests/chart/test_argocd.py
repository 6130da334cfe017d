"""Argo CD's applications: judged by its own schemas, and held to what they install."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.test_istio_install import rendered
from tools.chart.go_tools import module_folder, module_version, run_tool
from tools.chart.render import CHARTS, FOLLOWED_LINK, ChartError, Manifest, of_kind, pods, render
from tools.chart.schemas import ISTIO, TEMPLATE, write_schemas
from tools.kube.istio import MESH_CONFIG, POLICIES, Charts

WHERE = ("--set", "source.repoURL=https://git.example.com/shop", "--set", "istio.repoURL=https://charts.example.com")
GUIDE = CHARTS.parent / "docs" / "guides" / "delivery.md"
PIPELINE = CHARTS.parent / ".github" / "workflows" / "service.yml"
YAML_OF_GUIDE = re.compile(r"^```yaml\n(apiVersion: argoproj.*?)^```$", re.MULTILINE | re.DOTALL)
WAVE = "argocd.argoproj.io/sync-wave"


@pytest.fixture(scope="module")
def manifests() -> list[Manifest]:
    return render("argocd", "argocd", *WHERE)


@pytest.fixture(scope="module")
def applications(manifests: list[Manifest]) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in of_kind(manifests, "Application")}


def values_of(application: Manifest) -> dict[str, Any]:
    values: dict[str, Any] = application["spec"]["source"]["helm"]["valuesObject"]
    return values


def read(file: Path) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(file.read_text())
    return values


def test_every_object_has_the_schema_of_argo_cd(manifests: list[Manifest], tmp_path: Path) -> None:
    assert check(manifests, tmp_path) == ""


def test_a_field_argo_cd_does_not_know_has_no_schema(manifests: list[Manifest], tmp_path: Path) -> None:
    manifests[-1]["spec"]["syncPolicyy"] = manifests[-1]["spec"].pop("syncPolicy")
    assert "syncPolicyy" in check(manifests, tmp_path)


def check(manifests: list[Manifest], folder: Path) -> str:
    write_schemas(folder / "schemas")
    file = folder / "manifests.yaml"
    file.write_text(yaml.dump_all(manifests, Dumper=yaml.CSafeDumper))
    answer = run_tool("kubeconform", "-strict", "-schema-location", str(folder / "schemas" / TEMPLATE), str(file))
    assert (answer.returncode == 0) == (answer.stdout == ""), answer.stderr
    return answer.stdout


def test_helm_lints_the_chart_strictly() -> None:
    answer = run_tool("helm", "lint", "--strict", str(CHARTS / "argocd"), *WHERE)
    assert answer.returncode == 0, answer.stdout + FOLLOWED_LINK.sub("", answer.stderr)


def test_istio_comes_before_the_shop_and_the_edge_after_what_is_behind_it(
    applications: dict[str, Manifest], shop: list[Manifest]
) -> None:
    waves = {name: int(one["metadata"]["annotations"][WAVE]) for name, one in applications.items()}
    assert sorted(waves, key=lambda name: waves[name]) == ["istio-base", "istiod", "shop"]
    assert len(set(waves.values())) == 3
    late = [one["metadata"]["name"] for one in shop if WAVE in (one["metadata"].get("annotations") or {})]
    assert late == ["edge"]


def test_istio_gets_the_values_and_the_mesh_config_of_the_policies(applications: dict[str, Manifest]) -> None:
    assert values_of(applications["istio-base"]) == read(POLICIES / "install" / "base.yaml")
    assert values_of(applications["istiod"]) == {
        **read(POLICIES / "install" / "istiod.yaml"),
        "meshConfig": read(MESH_CONFIG),
    }


def test_the_shop_is_the_chart_of_the_repository_with_stores_that_are_there(
    applications: dict[str, Manifest], tmp_path: Path
) -> None:
    source = applications["shop"]["spec"]["source"]
    assert (CHARTS.parent / source["path"] / "Chart.yaml").is_file()
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(values_of(applications["shop"])))
    installed = render("shop", applications["shop"]["spec"]["destination"]["namespace"], "-f", str(values))
    assert "postgresql" not in [one["metadata"]["name"] for one in installed]


def test_images_are_said_by_values_of_the_shop() -> None:
    digest = f"sha256:{'a' * 64}"
    manifests = render("argocd", "argocd", *WHERE, "--set", f"shop.services.catalog.image.digest={digest}")
    (shop,) = [one for one in of_kind(manifests, "Application") if one["metadata"]["name"] == "shop"]
    assert values_of(shop)["services"]["catalog"]["image"]["digest"] == digest
    assert values_of(shop)["postgresql"]["urlSecret"] == "shop-databases"


def test_the_project_allows_what_istios_charts_hold_for_the_whole_cluster(manifests: list[Manifest]) -> None:
    (project,) = of_kind(manifests, "AppProject")
    allowed = {(one["group"], one["kind"]) for one in project["spec"]["clusterResourceWhitelist"]}
    charts = Charts.in_folder(module_folder(ISTIO, module_version(ISTIO)) / "manifests" / "charts")
    installed = [*rendered(charts.base, "base.yaml"), *rendered(charts.istiod, "istiod.yaml")]
    for one in installed:
        group = one["apiVersion"].rpartition("/")[0]
        if "namespace" not in one["metadata"]:
            assert {(group, one["kind"]), (group, "*")} & allowed, one["kind"]


def test_without_the_places_nothing_is_rendered() -> None:
    with pytest.raises(ChartError, match="repoURL"):
        render("argocd", "argocd")


@pytest.fixture
def guide() -> Manifest:
    """The application of the guide."""
    application: Manifest = yaml.safe_load(YAML_OF_GUIDE.findall(GUIDE.read_text())[0])
    return application


def test_the_application_of_the_guide_is_one_and_gives_the_chart_all_it_asks_for(
    guide: Manifest, tmp_path: Path
) -> None:
    assert check([guide], tmp_path) == ""
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(values_of(guide)))
    manifests = render("argocd", "argocd", "-f", str(values))
    assert {one["kind"] for one in manifests} == {"AppProject", "Application"}


def test_each_service_of_the_guide_runs_an_image_that_its_pipeline_sends(guide: Manifest, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(values_of(guide)["shop"]))
    stores = ("--set", "postgresql.bundled=false", "--set", "postgresql.urlSecret=shop-databases")
    sent = yaml.safe_load(PIPELINE.read_text())["jobs"]["image"]["env"]["IMAGE"]
    sent = sent.replace("${{ vars.IMAGE_REGISTRY }}", "registry.example.com/shop")
    run = {
        pod["metadata"]["labels"]["app"]: pod
        for pod in pods(render("shop", "shop", "-f", str(values), *stores))
        if "version" in pod["metadata"]["labels"]
    }
    assert set(run) == {file.stem for file in PIPELINE.parent.glob("*.yml")} - {"ci", "service"}
    for service, pod in run.items():
        repository, _, tag = pod["spec"]["containers"][0]["image"].rpartition(":")
        assert repository == sent.replace("${{ inputs.service }}", service)
        assert re.fullmatch(r"[0-9a-f]{40}", tag), "an image is named by its commit"
