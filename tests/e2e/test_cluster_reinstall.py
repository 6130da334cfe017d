"""On a cluster: `helm uninstall` leaves the data and nothing else, and `helm install` finds it again."""

from pathlib import Path

import pytest

from tests.e2e.shop_client import ask, order_request
from tests.observing import wait_for
from tests.targets.kube import edge_of_shop, end_callers, helm, kubectl
from tests.targets.target import Application

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
CHART = Path(__file__).parents[2] / "helm" / "shop"
IN_SHOP = ("--namespace", "shop")
DATA = {"persistentvolumeclaim/data-postgresql-0"}
OF_ANY_NAMESPACE = {"configmap/kube-root-ca.crt", "configmap/istio-ca-root-cert", "serviceaccount/default"}
"""What Kubernetes and Istio put into each."""
COMES_AND_GOES = ("event", "lease.", "configmap/istio-ca-crl")


def test_the_shop_is_uninstalled_without_a_trace_but_its_data_and_installed_again(shop_anywhere: Application) -> None:
    order = place_order(shop_anywhere.edge)
    values = helm("get", "values", "shop", *IN_SHOP, "--output", "yaml")
    end_callers()
    helm("uninstall", "shop", *IN_SHOP, "--wait", "--timeout", "3m")
    try:
        wait_for("nothing but the data", lambda: left_in_shop() == DATA, timeout_s=120)
        assert not kubectl("-n", "istio-system", "get", "peerauthentications", "default", "--ignore-not-found")
    finally:
        helm("install", "shop", str(CHART), *IN_SHOP, "--values", "-", "--wait", "--timeout", "5m", stdin=values)

    edge = edge_of_shop()
    wait_for("the order again", lambda: ask(f"{edge}/v1/{order['name']}").status == 200, timeout_s=60)
    assert ask(f"{edge}/v1/{order['name']}").body["order"] == order
    assert place_order(edge)["state"] == "ORDER_STATE_CONFIRMED"
    helm("test", "shop", *IN_SHOP)


def place_order(edge: str) -> dict[str, object]:
    order: dict[str, object] = ask(
        f"{edge}/v1/orders", order_request("accounts/grace", "products/oak-tumbler", 1)
    ).body["order"]
    return order


def left_in_shop() -> set[str]:
    """Objects of every kind the cluster knows, but for what every namespace has."""
    kinds = kubectl("api-resources", "--verbs=list", "--namespaced", "--output", "name").split()
    found = kubectl("-n", "shop", "get", ",".join(kinds), "--output", "name").split()
    return {one for one in found if not one.startswith(COMES_AND_GOES)} - OF_ANY_NAMESPACE
