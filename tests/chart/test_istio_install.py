"""Istio's own charts with the values in istio/install, as its Go module has them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from tools.chart.go_tools import MODULE, module_folder, module_version, run_tool
from tools.chart.render import KUBERNETES, Manifest, of_kind, pods
from tools.chart.schemas import ISTIO, TEMPLATE, write_schemas
from tools.kube.istio import MESH_CONFIG, POLICIES, Charts, mesh_config_values


@pytest.fixture(scope="module")
def charts() -> Charts:
    return Charts.in_folder(module_folder(ISTIO, module_version(ISTIO)) / "manifests" / "charts")


def rendered(chart: str, values: str, stdin: str = "{}") -> list[Manifest]:
    flags = ("--namespace", "istio-system", "--kube-version", KUBERNETES)
    files = ("--values", str(POLICIES / "install" / values), "--values", "-")
    answer = run_tool("helm", "template", values.removesuffix(".yaml"), chart, *flags, *files, stdin=stdin)
    assert answer.returncode == 0, answer.stderr
    return [one for one in yaml.load_all(answer.stdout, yaml.CSafeLoader) if one]


@pytest.fixture(scope="module")
def istiod(charts: Charts) -> list[Manifest]:
    return rendered(charts.istiod, "istiod.yaml", mesh_config_values())


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    (found,) = [one for one in of_kind(manifests, kind) if one["metadata"]["name"] == name]
    return found


def injected_values(istiod: list[Manifest]) -> dict[str, Any]:
    """What the sidecars' template is filled with."""
    values: dict[str, Any] = json.loads(named(istiod, "ConfigMap", "istio-sidecar-injector")["data"]["values"])
    return values


def test_the_mesh_config_of_the_cluster_is_the_one_loopmesh_reads(istiod: list[Manifest]) -> None:
    mesh = yaml.safe_load(named(istiod, "ConfigMap", "istio")["data"]["mesh"])
    written = yaml.safe_load(MESH_CONFIG.read_text())
    assert {key: mesh.get(key) for key in written} == written


def test_a_sidecar_outlives_its_program_and_has_bounds(istiod: list[Manifest]) -> None:
    (pod,) = pods(istiod)
    (container,) = pod["spec"]["containers"]
    told = {one["name"]: one.get("value") for one in container["env"]}
    assert told["ENABLE_NATIVE_SIDECARS"] == "true"
    proxy = injected_values(istiod)["global"]["proxy"]
    assert proxy["seccompProfile"] == {"type": "RuntimeDefault"}
    assert set(proxy["resources"]) == {"requests", "limits"}


def test_every_value_is_one_the_charts_read(charts: Charts) -> None:
    for chart, file in ((charts.base, "base.yaml"), (charts.istiod, "istiod.yaml")):
        known = yaml.safe_load((Path(chart) / "values.yaml").read_text())["_internal_defaults_do_not_set"]
        values = yaml.safe_load((POLICIES / "install" / file).read_text())
        assert list(unknown(values, known)) == []


def unknown(values: dict[str, Any], known: dict[str, Any]) -> list[str]:
    found = [key for key in values if key not in known]
    for key, value in values.items():
        inside = known.get(key)
        if isinstance(value, dict) and isinstance(inside, dict) and inside:
            found += [f"{key}.{one}" for one in unknown(value, inside)]
    return found


def test_what_is_installed_has_the_schemas_of_kubernetes(
    charts: Charts, istiod: list[Manifest], tmp_path: Path
) -> None:
    manifests = [*rendered(charts.base, "base.yaml"), *istiod]
    described = [one for one in manifests if one["kind"] != "CustomResourceDefinition"]
    file = tmp_path / "istio.yaml"
    file.write_text(yaml.dump_all(described, Dumper=yaml.CSafeDumper))
    write_schemas(tmp_path / "schemas")
    where = str(tmp_path / "schemas" / TEMPLATE)
    answer = run_tool("kubeconform", "-strict", "-schema-location", where, str(file))
    assert answer.returncode == 0, answer.stdout


def test_helm_finds_the_charts_of_the_version_in_a_repository_and_the_newest_of_a_range(
    charts: Charts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "repository"
    for version in ("1.30.9", "1.31.0", "1.31.4", "1.32.1"):
        for chart in (charts.base, charts.istiod):
            helm("package", chart, "--version", version, "--destination", str(repository))
    for name in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"HELM_{name}_HOME", str(tmp_path / name))
    monkeypatch.setenv("PATH", f"{program_on_path(tmp_path / 'bin')}:{os.environ['PATH']}")
    monkeypatch.delenv("ISTIO_CHARTS", raising=False)
    with served(repository) as url:
        helm("repo", "index", str(repository), "--url", url)
        helm("repo", "add", "istio", url)
        found = Charts.find()
        assert found == Charts("istio/base", "istio/istiod", ("--version", "1.31.0"))
        monkeypatch.setenv("ISTIO_VERSION", "~1.31")
        assert Charts.find().flags == ("--version", "1.31.4")
        assert "kind: Deployment" in helm("template", "istiod", found.istiod, *found.flags)


def helm(*words: str) -> str:
    answer = run_tool("helm", *words)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def program_on_path(folder: Path) -> Path:
    """The pinned Helm, as a user has one."""
    folder.mkdir()
    (folder / "helm").write_text(f'#!/bin/sh\nexec go -C {MODULE} tool helm "$@"\n')
    (folder / "helm").chmod(0o755)
    return folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
