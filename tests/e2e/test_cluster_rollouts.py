"""On a cluster, what changes under load changes without a failed call."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observing import wait_for
from tests.targets.kube import STRANGER, configuration, helm, kubectl, kubectl_command, start_caller

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
LOAD_IN_POD = (ROOT / "tests" / "targets" / "load_in_pod.py").read_text()
STEPS = (10, 50, 100)
EXPECTED = ("product v", "order CANCEL_REASON_SHIPPING_REFUSED")
Outcomes = dict[str, int]


@contextmanager
def calls() -> Iterator[Outcomes]:
    """Calls from outside the mesh while the block lasts; then how many ended how is in the mapping."""
    pod = start_caller("shop", STRANGER)
    words = ("-n", "shop", "exec", "-i", pod, "-c", "program", "--", "python", "-c", LOAD_IN_POD, "http://edge:80")
    ended: Outcomes = {}
    with subprocess.Popen(
        [*kubectl_command(), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as load:
        yield ended
        said, _ = load.communicate()
    ended.update(json.loads(said))


def failed(ended: Outcomes) -> Outcomes:
    return {outcome: times for outcome, times in ended.items() if not outcome.startswith(EXPECTED)}


def test_every_deployment_restarts_under_load_without_a_failed_call() -> None:
    deployments = kubectl("-n", "shop", "get", "deployments", "-o", "name").split()
    with calls() as ended:
        for deployment in deployments:
            kubectl("-n", "shop", "rollout", "restart", deployment)
            kubectl("-n", "shop", "rollout", "status", deployment, "--timeout=240s")
    assert failed(ended) == {}
    assert min(number_of(ended, "product"), number_of(ended, "order")) > len(deployments)


def test_a_new_catalog_version_takes_over_by_weighted_steps_and_back_without_a_failed_call(tmp_path: Path) -> None:
    """Each step is a release; the way back is `helm rollback`, and the version goes when nothing is sent to it."""
    before = revision()
    chart = Chart(tmp_path / "shop")
    try:
        with calls() as ended:
            chart.add_subset()
            upgrade(chart.folder)
            kubectl("-n", "shop", "rollout", "status", "deployment/catalog-v3", "--timeout=240s")
            without_calls = revision()
            for weight in STEPS:
                chart.share(weight)
                upgrade(chart.folder)
                wait_for_share(weight)
            helm("rollback", "shop", str(without_calls), "--namespace", "shop")
            wait_for_share(0)
        assert failed(ended) == {}
        assert ended["product v3"] > 0
    finally:
        helm("rollback", "shop", str(before), "--namespace", "shop", "--wait")


def number_of(ended: Outcomes, kind: str) -> int:
    return sum(times for outcome, times in ended.items() if outcome.startswith(kind))


class Chart:
    """A copy of the shop's chart, whose catalog gets a version v3."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "helm" / "shop", folder)

    def add_subset(self) -> None:
        path = self.folder / "values.yaml"
        values = read(path)
        values["services"]["catalog"]["versions"]["v3"] = {"replicas": 1}
        path.write_text(yaml.safe_dump(values, sort_keys=False))
        self._change("catalog/destinationrule.yaml", _with_v3)

    def share(self, weight: int) -> None:
        """Of the edge's calls that say no version: what goes to v3; the rest to v1."""

        def split(route: dict[str, Any]) -> None:
            (catalog,) = [one for one in route["spec"]["http"] if one.get("name") == "catalog"]
            catalog["route"] = [
                {"destination": {"host": "catalog", "subset": "v1"}, "weight": 100 - weight},
                {"destination": {"host": "catalog", "subset": "v3"}, "weight": weight},
            ]

        self._change("edge/virtualservice.yaml", split)

    def _change(self, policy: str, change: Callable[[dict[str, Any]], None]) -> None:
        path = self.folder / "policies" / policy
        document = read(path)
        change(document)
        path.write_text(yaml.safe_dump(document))


def _with_v3(rule: dict[str, Any]) -> None:
    rule["spec"]["subsets"].append({"name": "v3", "labels": {"version": "v3"}})


def read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(file.read_text(), yaml.CSafeLoader)
    return document


def wait_for_share(weight: int) -> None:
    """Of v3, until the edge has been told."""
    wait_for(f"{weight} % at the edge", lambda: share_of_v3() == weight, timeout_s=60)


def share_of_v3() -> int:
    """By the edge's own configuration; 0 when it names the version nowhere."""
    pod = kubectl("-n", "shop", "get", "pod", "-l", "app=edge", "-o", "jsonpath={.items[0].metadata.name}")
    wanted = "outbound|50051|v3|catalog.shop.svc.cluster.local"

    def shares(node: object) -> Iterator[int]:
        if isinstance(node, dict):
            if node.get("name") == wanted and "weight" in node:
                yield node["weight"]
            if node.get("cluster") == wanted:
                yield 100
            for value in node.values():
                yield from shares(value)
        elif isinstance(node, list):
            for value in node:
                yield from shares(value)

    return max(shares(json.loads(configuration("shop", pod))), default=0)


def revision() -> int:
    (release,) = json.loads(helm("list", "--namespace", "shop", "--filter", "^shop$", "--output", "json"))
    return int(release["revision"])


def upgrade(chart: Path) -> None:
    """To the chart's values, and those the release was given beside them."""
    helm("upgrade", "shop", str(chart), "--namespace", "shop", "--reset-then-reuse-values")
