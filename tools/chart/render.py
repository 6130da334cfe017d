"""What `helm install` would send to a cluster."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tools.chart.go_tools import ROOT, run_tool

CHARTS = ROOT / "helm"
KUBERNETES = "1.36.1"
FOLLOWED_LINK = re.compile(r"^walk\.go:\d+: found symbolic link.*\n", re.MULTILINE)
Manifest = dict[str, Any]


class ChartError(Exception):
    """Helm refused; the message is what it said."""


def render_text(chart: str, namespace: str, *arguments: str) -> str:
    """The manifests of `helm/<chart>` as YAML documents. Raises ChartError."""
    flags = ("--namespace", namespace, "--kube-version", KUBERNETES, *arguments)
    answer = run_tool("helm", "template", namespace, str(CHARTS / chart), *flags)
    if answer.returncode:
        raise ChartError(FOLLOWED_LINK.sub("", answer.stderr).strip())
    return answer.stdout


def render(chart: str, namespace: str, *arguments: str) -> list[Manifest]:
    """The same, read. Raises ChartError."""
    return [one for one in yaml.load_all(render_text(chart, namespace, *arguments), yaml.CSafeLoader) if one]


def of_kind(manifests: Iterable[Manifest], *kinds: str) -> list[Manifest]:
    return [one for one in manifests if one["kind"] in kinds]


def pods(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Every pod or template of one, as {name, metadata, spec}."""
    found = []
    for one in of_kind(manifests, "Deployment", "StatefulSet", "Pod"):
        template = one if one["kind"] == "Pod" else one["spec"]["template"]
        name = f"{one['kind']} {one['metadata']['name']}"
        found.append({"name": name, "metadata": template["metadata"], "spec": template["spec"]})
    return found


def values_of(file: Path) -> dict[str, Any]:
    values: dict[str, Any] = yaml.load(file.read_text(), yaml.CSafeLoader)
    return values
