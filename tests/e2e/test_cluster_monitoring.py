"""On a cluster whose shop has `monitoring.enabled`: sidecars keep the statistics that rules and dashboards ask for."""

import json
import re

import pytest
import yaml

from tests.chart.monitoring import DASHBOARDS, RULES
from tests.e2e.shop_client import ask, order_request
from tests.targets.kube import kubectl
from tests.targets.target import Application

pytestmark = pytest.mark.cluster
NAME = re.compile(r"\benvoy_[a-z0-9_]+")
LABELLED = {"envoy_cluster_grpc_status": "envoy_cluster_grpc_0"}
"""Made by the chart's relabelings: what the proxy itself calls it."""


def asked_for() -> list[str]:
    """By the rules and by all panels, as the proxies spell it."""
    rules = [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    panels = [panel for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"]]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    return sorted({LABELLED.get(name, name) for text in [*rules, *shown] for name in NAME.findall(text)})


@pytest.fixture(scope="module")
def statistics(shop_anywhere: Application) -> str:
    """Of the edge and of orders, from the port the PodMonitor names, after an order."""
    if not kubectl("-n", "shop", "get", "configmap", "shop-dashboard-objectives", "--ignore-not-found", "-o", "name"):
        pytest.skip("the shop of this cluster has no monitoring")
    order = order_request("accounts/ada", "products/oak-tumbler", 1)
    assert ask(f"{shop_anywhere.edge}/v1/orders", order).status == 200
    words = ("-n", "shop", "get", "pods", "-l", "app in (edge, orders)", "-o", "jsonpath={.items[*].metadata.name}")
    return "\n".join(read(pod) for pod in kubectl(*words).split())


def read(pod: str) -> str:
    return kubectl("get", "--raw", f"/api/v1/namespaces/shop/pods/{pod}:15090/proxy/stats/prometheus")


@pytest.mark.parametrize("name", asked_for())
def test_a_sidecar_keeps_what_rules_and_dashboards_ask_for(statistics: str, name: str) -> None:
    assert re.search(rf"^{name}\{{", statistics, re.MULTILINE), name


def test_a_destination_is_named_as_the_relabelings_read_it(statistics: str) -> None:
    names = set(re.findall(r'envoy_cluster_grpc_total\{cluster_name="([^"]*)"', statistics))
    read_as = {found[1] for name in names if (found := re.fullmatch(making("destination"), name))}
    assert {"inventory.shop", "wallet.shop", "shipping.shop"} <= read_as


def test_the_edge_alone_is_read_as_an_edge(statistics: str) -> None:
    prefixes = set(re.findall(r'envoy_http_downstream_rq_completed\{http_conn_manager_prefix="([^"]*)"', statistics))
    assert [one for one in prefixes if re.fullmatch(making("edge"), f";{one};edge;shop")] == ["outbound_0.0.0.0_8080"]
    assert not any(re.fullmatch(making("edge"), f"v1;{one};orders;shop") for one in prefixes)


def making(label: str) -> str:
    """The expression by which a label is made of what the proxies say."""
    relabelings = yaml.safe_load(RULES.with_name("relabelings.yaml").read_text())
    (found,) = (one["regex"] for one in relabelings if one.get("targetLabel") == label)
    return str(found)
