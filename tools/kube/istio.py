"""Installs Istio by its own charts, with the values in istio/install and the mesh config that loopmesh reads."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from loopmesh.model.topology import ISTIO_VERSION
from tools.images.engine import ROOT
from tools.kube.cluster import Cluster, KubeError, ask, release, run

POLICIES = ROOT / "istio"
MESH_CONFIG = POLICIES / "mesh" / "meshconfig.yaml"
NAMESPACE = "istio-system"
REPOSITORY = "istio"
WHERE = (
    "unpack an Istio release and say ISTIO_CHARTS=FOLDER/manifests/charts, or add Istio's Helm repository as `istio`: "
    "istio.io, Install with Helm, has the command (`helm repo update` where it is old)"
)


@dataclass(frozen=True, slots=True)
class Charts:
    """Of one version of Istio, as Helm names them."""

    base: str
    istiod: str
    flags: tuple[str, ...] = ()

    @classmethod
    def in_folder(cls, folder: Path) -> "Charts":
        """As Istio's sources and releases have them. Raises KubeError."""
        charts = cls(str(folder / "base"), str(folder / "istio-control" / "istio-discovery"))
        for chart in (charts.base, charts.istiod):
            if not (Path(chart) / "Chart.yaml").is_file():
                raise KubeError(f"{folder} holds no charts of Istio: there is no {chart}/Chart.yaml; {WHERE}")
        return charts

    @classmethod
    def find(cls) -> "Charts":
        """In the folder ISTIO_CHARTS, else in the Helm repository `istio`. Raises KubeError."""
        if folder := os.environ.get("ISTIO_CHARTS"):
            return cls.in_folder(Path(folder).absolute())
        istiod = f"{REPOSITORY}/istiod"
        wanted = os.environ.get("ISTIO_VERSION", ISTIO_VERSION)
        try:
            found = json.loads(run(("helm", "search", "repo", istiod, "--version", wanted, "--output", "json")))
        except KubeError:
            found = []
        versions = [one["version"] for one in found if one["name"] == istiod]
        if not versions:
            raise KubeError(f"there are no Istio charts of version {wanted}: {WHERE}")
        return cls(f"{REPOSITORY}/base", istiod, ("--version", versions[0]))


def install(cluster: Cluster, charts: Charts, own: Path | None = None) -> None:
    """`own` are values of this cluster, which come last. Raises KubeError."""
    into = ("--namespace", NAMESPACE, "--create-namespace", *charts.flags)
    values = (f"--values={POLICIES / 'install' / 'base.yaml'}",)
    release(cluster, "upgrade", "--install", "istio-base", charts.base, *into, *values)
    values = (f"--values={POLICIES / 'install' / 'istiod.yaml'}", "--values=-", *([f"--values={own}"] if own else ()))
    release(cluster, "upgrade", "--install", "istiod", charts.istiod, *into, *values, stdin=mesh_config_values())
    ask(cluster, "-n", NAMESPACE, "rollout", "status", "deployment/istiod", "--timeout=300s", shown=True)


def mesh_config_values() -> str:
    """The mesh config as the istiod chart takes it."""
    return yaml.safe_dump({"meshConfig": _mesh_config()}, sort_keys=False)


def differing_settings(cluster: Cluster) -> list[str]:
    """What the mesh config of an Istio that is there says otherwise than the one loopmesh reads. Raises KubeError."""
    words = ("get", "configmap", "istio", "--ignore-not-found", "-o", "jsonpath={.data.mesh}")
    there = yaml.load(ask(cluster, "-n", NAMESPACE, *words), yaml.CSafeLoader) or {}
    return [setting for setting, value in _mesh_config().items() if there.get(setting) != value]


def _mesh_config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.load(MESH_CONFIG.read_text(), yaml.CSafeLoader)
    return config


def is_installed(cluster: Cluster) -> bool:
    return bool(ask(cluster, "get", "deployments", "-A", "-l", "app=istiod", "-o", "name").strip())
