"""The chart ships the policies `mesh up` runs with, as they are written."""

import re
import shutil
from pathlib import Path

import yaml

from tests.chart.shipped import Shipped
from tools.chart.go_tools import ROOT
from tools.chart.render import Manifest, of_kind, render

ISTIO = re.compile(r"(networking|security|telemetry|extensions)\.istio\.io/")


def test_each_istio_object_of_the_chart_is_the_one_in_the_file(both: Shipped) -> None:
    written = [
        document
        for folder in both.policies
        for file in folder.rglob("*.yaml")
        for document in yaml.load_all(file.read_text(), yaml.CSafeLoader)
        if document and "kind" in document
    ]
    shipped = [one for one in both.manifests if ISTIO.match(one["apiVersion"])]

    def by_name(one: Manifest) -> tuple[str, str, str]:
        return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]

    assert sorted(shipped, key=by_name) == sorted(written, key=by_name)


def test_the_mesh_config_and_how_istio_is_installed_are_no_objects_of_the_application(tmp_path: Path) -> None:
    chart = tmp_path / "shop"
    shutil.copytree(ROOT / "helm" / "shop", chart)
    (chart / "policies" / "mesh" / "meshconfig.yaml").write_text("enableTracing: true\n")
    (chart / "policies" / "install").mkdir(exist_ok=True)
    (chart / "policies" / "install" / "istiod.yaml").write_text("pilot: {}\n")
    shipped, others = render(str(chart), "shop"), render("shop", "shop")
    assert [(one["kind"], one["metadata"]["name"]) for one in shipped] == [
        (one["kind"], one["metadata"]["name"]) for one in others
    ]


def test_policies_for_the_whole_mesh_can_be_left_to_the_cluster(tmp_path: Path) -> None:
    chart = tmp_path / "shop"
    shutil.copytree(ROOT / "helm" / "shop", chart)
    strict = (chart / "policies" / "mesh" / "peerauthentication.yaml").read_text()
    (chart / "policies" / "both.yaml").write_text(f"{strict}---\n{strict.replace('istio-system', 'shop')}")

    def strict_in(*words: str) -> list[str]:
        shipped = of_kind(render(str(chart), "shop", *words), "PeerAuthentication")
        return [one["metadata"]["namespace"] for one in shipped]

    assert strict_in() == ["istio-system", "shop", "istio-system"]
    assert strict_in("--set", "meshPolicies=false") == ["shop"]
