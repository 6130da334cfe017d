"""On a cluster, what changes under load changes without a failed call."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observing import wait_for
from tests.targets.kube import KubeShop, kubectl, kubectl_command, start_caller

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
LOAD_IN_POD = (ROOT / "tests" / "targets" / "load_in_pod.py").read_text()
ISTIO = ROOT / "istio"
STEPS = (10, 50, 100)


@contextmanager
def calls_to(url: str) -> Iterator[dict[str, int]]:
    """Calls from outside the mesh while the block lasts; then how many ended how is in the mapping."""
    pod = start_caller("shop", "stranger")
    words = ("-n", "shop", "exec", "-i", pod, "-c", "program", "--", "python", "-c", LOAD_IN_POD, url)
    ended: dict[str, int] = {}
    with subprocess.Popen(
        [*kubectl_command(), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as load:
        yield ended
        said, _ = load.communicate()
    ended.update(json.loads(said))


def failed(ended: dict[str, int]) -> dict[str, int]:
    return {outcome: times for outcome, times in ended.items() if not outcome.startswith("200 ")}


def test_every_deployment_restarts_under_load_without_a_failed_call() -> None:
    deployments = kubectl("-n", "shop", "get", "deployments", "-o", "name").split()
    with calls_to(f"{KubeShop().edge}/v1/products/oak-tumbler") as ended:
        for deployment in deployments:
            kubectl("-n", "shop", "rollout", "restart", deployment)
            kubectl("-n", "shop", "rollout", "status", deployment, "--timeout=240s")
    assert failed(ended) == {}
    assert sum(ended.values()) > 100


def test_a_new_catalog_version_takes_over_by_weighted_steps_without_a_failed_call() -> None:
    try:
        with calls_to(f"{KubeShop().edge}/v1/products/oak-tumbler") as ended:
            upgrade("--set", "services.catalog.versions.v3.replicas=1")
            kubectl("-n", "shop", "rollout", "status", "deployment/catalog-v3", "--timeout=240s")
            for weight in STEPS:
                kubectl(
                    "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": canary(weight)})
                )
                seen_by_edge(weight)
        assert failed(ended) == {}
        assert ended["200 v3"] > 0
    finally:
        upgrade()


def canary(weight: int) -> list[dict[str, Any]]:
    """The catalog's own policies, with the edge's calls shared between v1 and v3."""
    rule = read(ISTIO / "catalog" / "destinationrule.yaml")
    rule["spec"]["subsets"].append({"name": "v3", "labels": {"version": "v3"}})
    edge = read(ISTIO / "edge" / "virtualservice.yaml")
    (route,) = [one for one in edge["spec"]["http"] if one.get("name") == "catalog"]
    route["route"] = [
        {"destination": {"host": "catalog", "subset": "v1"}, "weight": 100 - weight},
        {"destination": {"host": "catalog", "subset": "v3"}, "weight": weight},
    ]
    return [rule, edge]


def read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(file.read_text(), yaml.CSafeLoader)
    return document


def seen_by_edge(weight: int) -> None:
    """Waits until the edge's own configuration has the weight."""
    pod = kubectl("-n", "shop", "get", "pod", "-l", "app=edge", "-o", "jsonpath={.items[0].metadata.name}")
    words = ("-n", "shop", "exec", pod, "-c", "istio-proxy", "--", "pilot-agent", "request", "GET", "config_dump")
    wanted = "outbound|50051|v3|catalog.shop.svc.cluster.local"

    def weights(node: object) -> Iterator[object]:
        if isinstance(node, dict):
            if node.get("name") == wanted and "weight" in node:
                yield node["weight"]
            if node.get("cluster") == wanted:
                yield 100
            for value in node.values():
                yield from weights(value)
        elif isinstance(node, list):
            for value in node:
                yield from weights(value)

    wait_for(f"{weight} % at the edge", lambda: weight in list(weights(json.loads(kubectl(*words)))), timeout_s=60)


def upgrade(*flags: str) -> None:
    """`helm upgrade`, by the command in HELM."""
    words = ("upgrade", "shop", str(ROOT / "helm" / "shop"), "--namespace", "shop", *flags)
    values = ("--values", str(ROOT / "helm" / "kit-values.yaml"))
    answer = subprocess.run(
        [*shlex.split(os.environ.get("HELM", "helm")), *words, *values], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
