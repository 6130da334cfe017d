"""On a cluster with Prometheus' operator: what the chart asks it to read it reads, and every query finds something."""

import json
import urllib.parse
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
import yaml

from tests.chart.monitoring import RULES, expressions, wait_for_series
from tests.e2e.shop_client import ask, order_request
from tests.targets.kube import kubectl
from tests.targets.target import Application

pytestmark = pytest.mark.cluster
API = "/api/v1/namespaces/monitoring/pods/prometheus-all-0:9090/proxy/api/v1"
DENIED = ("inventory:50051", "/shop.inventory.v1.InventoryService/Reserve")


@dataclass(frozen=True, slots=True)
class ClusterPrometheus:
    """The one that tools/kube/monitoring.yaml has made, asked through the API server."""

    def get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(kubectl("get", "--raw", f"{API}/{path}"))["data"]
        return found

    def query(self, expression: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"query?{urllib.parse.urlencode({'query': expression})}")["result"]
        return found


@pytest.fixture(scope="module")
def prometheus(shop_anywhere: Application) -> ClusterPrometheus:
    """It has read the shop while orders were placed and a call was denied."""
    if not kubectl("get", "namespace", "monitoring", "--ignore-not-found", "-o", "name"):
        pytest.skip("there is no Prometheus on this cluster that reads all")
    running = ClusterPrometheus()
    # A rate is between two readings, and how long calls take is not counted before the first of them.
    place_order(shop_anywhere)
    wait_for_series(running, 'envoy_cluster_upstream_rq_time_count{destination="wallet.shop"} > 0')
    place_order(shop_anywhere)
    assert shop_anywhere.codes("wallet", [DENIED]) == {DENIED: grpc.StatusCode.PERMISSION_DENIED}
    return running


def place_order(shop: Application) -> None:
    answer = ask(f"{shop.edge}/v1/orders", order_request("accounts/ada", "products/oak-tumbler", 1))
    assert answer.body["order"]["state"] == "ORDER_STATE_CONFIRMED"


def test_every_proxy_of_the_shop_is_read(prometheus: ClusterPrometheus) -> None:
    words = ("-n", "shop", "get", "pods", "-l", "app in (edge, catalog, inventory, wallet, shipping, orders)")
    listed = json.loads(kubectl(*words, "-o", "json"))["items"]
    wanted = {pod["metadata"]["name"] for pod in listed if "deletionTimestamp" not in pod["metadata"]}
    assert wanted
    read = {one["metric"]["pod"] for one in wait_for_series(prometheus, 'up{job="shop/shop-proxies"} == 1')}
    assert wanted <= read


def test_the_rules_are_those_of_the_chart_and_none_fails(prometheus: ClusterPrometheus) -> None:
    wanted = {group["name"]: len(group["rules"]) for group in yaml.safe_load(RULES.read_text())["groups"]}
    groups = prometheus.get("rules")["groups"]
    assert {group["name"]: len(group["rules"]) for group in groups} == wanted
    assert [rule["lastError"] for group in groups for rule in group["rules"] if rule["health"] == "err"] == []


@pytest.mark.parametrize("query", expressions())
def test_every_query_finds_something_on_a_cluster(prometheus: ClusterPrometheus, query: str) -> None:
    assert wait_for_series(prometheus, query), query
