"""Alerts and dashboards: what Prometheus' own tool says of the rules, and whether every query finds something."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from loopmesh.testing.mesh_process import MeshProcess
from tests.chart.monitoring import (
    DASHBOARDS,
    RULES,
    Prometheus,
    dashboard,
    expressions,
    running_prometheus,
    statistics_server,
    wait_for_series,
)
from tests.e2e.shop_client import ask, order_request
from tools.chart.go_tools import ROOT, build_prometheus
from tools.chart.render import Manifest, render

pytestmark = pytest.mark.timeout(900)
"""The first test of all builds Prometheus where nobody has yet."""
TESTS = Path(__file__).with_name("rules_test.yaml")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with Prometheus' own programs."""
    folder = tmp_path_factory.mktemp("prometheus")
    build_prometheus(f"{folder}/").check_returncode()
    return folder


def promtool(programs: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([programs / "promtool", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshProcess]:
    mesh = MeshProcess(state=tmp_path_factory.mktemp("monitored") / "state", folder=ROOT)
    mesh.up()
    yield mesh
    mesh.down()


@pytest.fixture(scope="module")
def prometheus(mesh: MeshProcess, programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It reads a shop where, since it began to, orders were placed and a call was denied."""
    with (
        statistics_server(mesh) as port,
        running_prometheus(programs / "prometheus", tmp_path_factory.mktemp("reading"), port) as running,
    ):
        # A rate is between two readings, and how long calls take is not counted before the first of them.
        place_order(mesh)
        wait_for_series(running, 'envoy_cluster_upstream_rq_time_count{destination="wallet.shop"} > 0')
        place_order(mesh)
        mesh.run("call", "--from", "wallet", "inventory:50051", "Reserve")
        yield running


def place_order(mesh: MeshProcess) -> None:
    assert ask(f"{mesh.edge}/v1/orders", order_request("accounts/ada", "products/oak-tumbler", 1)).status == 200


def test_the_rules_are_what_prometheus_takes(programs: Path) -> None:
    answer = promtool(programs, "check", "rules", "--lint=all", "--lint-fatal", str(RULES))
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_alerts_come_and_stay_away_as_prometheus_own_tool_sees_them(programs: Path, tmp_path: Path) -> None:
    file = tmp_path / "rules_test.yaml"
    file.write_text(TESTS.read_text().replace("RULES", str(RULES)))
    answer = promtool(programs, "test", "rules", str(file))
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("query", expressions())
def test_every_query_finds_something_in_a_running_mesh(prometheus: Prometheus, query: str) -> None:
    assert wait_for_series(prometheus, query), query


def test_a_query_of_something_nobody_counts_finds_nothing(prometheus: Prometheus) -> None:
    assert prometheus.query("envoy_cluster_upstream_rq_completed_") == []


def test_a_rest_request_that_fails_counts_at_the_edge_which_alone_is_one(
    mesh: MeshProcess, prometheus: Prometheus
) -> None:
    failed = "mesh:failed_requests:ratio_rate5m"
    assert [(one["metric"]["edge"], one["value"][1]) for one in wait_for_series(prometheus, failed)] == [
        ("edge.shop", "0")
    ]
    mesh.command("fault", "catalog", "--abort", "503")
    assert ask(f"{mesh.edge}/v1/products/oak-tumbler").status == 503
    assert wait_for_series(prometheus, f"{failed} > 0")


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_can_be_imported_anywhere(path: Path) -> None:
    found = dashboard(path)
    ids = [panel["id"] for panel in found["panels"]]
    assert len(set(ids)) == len(ids)
    variables = {one["name"] for one in found["templating"]["list"]}
    assert "datasource" in variables
    for panel in found["panels"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, "the reader chooses where from"
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24, "a row is 24 wide"
        used = {"destination"} if any("$destination" in one["expr"] for one in panel["targets"]) else set()
        assert used <= variables


def test_the_chart_ships_these_rules_and_dashboards(shop: list[Manifest]) -> None:
    (rule,) = (one for one in shop if one["kind"] == "PrometheusRule")
    assert rule["spec"] == yaml.safe_load(RULES.read_text())
    maps = [one["data"] for one in shop if one["kind"] == "ConfigMap"]
    shipped = {name: json.loads(text) for data in maps for name, text in data.items() if name.endswith(".json")}
    assert {path.name: dashboard(path) for path in DASHBOARDS}.items() <= shipped.items()


def test_without_monitoring_nothing_asks_for_kinds_a_cluster_may_not_have() -> None:
    kinds = {one["apiVersion"] for one in render("shop", "shop")}
    assert not any(one.startswith("monitoring.coreos.com") for one in kinds)
