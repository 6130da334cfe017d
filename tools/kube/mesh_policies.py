"""Policies for the whole mesh, on a cluster that may have other applications: the shop's count there, or its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.images.engine import ROOT
from tools.kube.cluster import Cluster, KubeError, ask
from tools.kube.istio import MESH_CONFIG, POLICIES, is_installed

SHOP, CLUSTER = "shop", "cluster"
OWNER = "meta.helm.sh/release-name"
WITH_SIDECAR = "security.istio.io/tlsMode=istio"
"""The label that Istio's injection gives each pod."""


@dataclass(frozen=True, slots=True)
class MeshPolicy:
    """One that lies outside the application's namespace."""

    file: Path
    content: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.content['kind']} {self.content['metadata']['namespace']}/{self.content['metadata']['name']}"

    def on_cluster(self, cluster: Cluster) -> dict[str, Any] | None:
        """What the cluster has of this name. Raises KubeError."""
        group, _, _ = self.content["apiVersion"].partition("/")
        kind, about = f"{self.content['kind'].lower()}.{group}", self.content["metadata"]
        words = ("-n", about["namespace"], "get", kind, about["name"], "--ignore-not-found", "-o", "json")
        found: dict[str, Any] | None = json.loads(ask(cluster, *words) or "null")
        return found


def find_mesh_policies(namespace: str) -> list[MeshPolicy]:
    """Of istio/, for an application in this namespace."""
    return [
        MeshPolicy(file.relative_to(ROOT), content)
        for file in sorted(POLICIES.rglob("*.yaml"))
        if file != MESH_CONFIG and file.parent.name != "install"
        for content in yaml.load_all(file.read_text(), yaml.CSafeLoader)
        if content and content["metadata"].get("namespace", namespace) != namespace
    ]


def choose(cluster: Cluster, namespace: str, said: str | None) -> str:
    """SHOP or CLUSTER: as it was said, else where only one can be meant. Raises KubeError."""
    if said == CLUSTER:
        return CLUSTER
    if not is_installed(cluster):
        # It knows none of Istio's kinds yet.
        return SHOP
    policies = find_mesh_policies(namespace)
    there = {one.name: one.on_cluster(cluster) for one in policies}
    if foreign := [name for name, found in there.items() if found and not _is_ours(found, namespace)]:
        if said == SHOP:
            raise KubeError(
                f"{', '.join(foreign)} is there already and not the shop's, so Helm does not take it over: say "
                f"ARGS=--mesh-policies={CLUSTER} to leave it, or delete it first"
            )
        _check_same(policies, there)
        return CLUSTER
    if said is None and not all(there.values()) and (others := _others(cluster, namespace)):
        files = ", ".join(str(one.file) for one in policies)
        raise KubeError(
            f"{files} would be in force for the whole mesh, also for what has sidecars in {', '.join(others)}: say "
            f"ARGS=--mesh-policies={SHOP} to have it so, or ARGS=--mesh-policies={CLUSTER} to leave it out"
        )
    return SHOP


def _is_ours(found: dict[str, Any], release: str) -> bool:
    annotations: dict[str, str] = found["metadata"].get("annotations", {})
    return annotations.get(OWNER) == release


def _check_same(policies: list[MeshPolicy], there: Mapping[str, dict[str, Any] | None]) -> None:
    for one in policies:
        if (there[one.name] or {}).get("spec") != one.content["spec"]:
            raise KubeError(
                f"the cluster's {one.name} says otherwise than {one.file}: make them say the same, or say "
                f"ARGS=--mesh-policies={CLUSTER} to leave it: the shop may behave otherwise than with `mesh up` then"
            )


def _others(cluster: Cluster, namespace: str) -> list[str]:
    """Other namespaces whose pods have sidecars."""
    words = ("get", "pods", "-A", "-l", WITH_SIDECAR, "-o", "jsonpath={.items[*].metadata.namespace}")
    return sorted({*ask(cluster, *words).split()} - {namespace})
