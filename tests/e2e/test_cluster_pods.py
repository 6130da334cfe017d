"""On a cluster: what the pods are once Istio has added its own, and what a lost pod costs."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.shop_client import ask, order_request
from tests.observing import wait_for
from tests.targets.kube import helm_command, kubectl
from tests.targets.target import Application

pytestmark = pytest.mark.cluster
WHAT_IT_MAY = "id -u; grep CapEff /proc/self/status; ls /var/run/secrets/kubernetes.io; touch /app/x; :"
IN_THE_WAY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: in-the-way, namespace: shop}
spec:
  selector: {matchLabels: {app: edge}}
  action: DENY
  rules: [{}]
"""


def programs() -> list[dict[str, Any]]:
    """The pods of the shop's services."""
    listed = json.loads(kubectl("-n", "shop", "get", "pods", "-l", "version", "-o", "json"))
    found: list[dict[str, Any]] = listed["items"]
    return found


def in_program(pod: str, script: str) -> str:
    return kubectl("-n", "shop", "exec", pod, "-c", "program", "--", "sh", "-c", script)


def test_a_sidecar_starts_before_the_program_and_outlives_it() -> None:
    for pod in programs():
        native = [one["name"] for one in pod["spec"]["initContainers"] if one.get("restartPolicy") == "Always"]
        before = [one["name"] for one in pod["spec"]["initContainers"]]
        assert native == ["istio-proxy"], pod["metadata"]["name"]
        assert before.index("istio-proxy") < before.index("migrate")
        assert [one["name"] for one in pod["spec"]["containers"]] == ["program"]


def test_a_program_is_nobody_special_and_can_neither_write_its_image_nor_ask_the_api_server() -> None:
    for pod in programs():
        name = pod["metadata"]["name"]
        seen = in_program(name, WHAT_IT_MAY)
        assert seen.split() == ["10001", "CapEff:", "0000000000000000"], name


def test_an_order_workflow_is_owned_by_its_pod(shop_anywhere: Application) -> None:
    request = order_request("accounts/ada", "products/oak-tumbler", 1)
    order = ask(f"{shop_anywhere.edge}/v1/orders", request).body["order"]
    assert order["state"] == "ORDER_STATE_CONFIRMED"
    asked = "SELECT DISTINCT executor_id FROM dbos.workflow_status"
    words = ("psql", "--username=postgres", "--dbname=orders", "--tuples-only", "--no-align", f"--command={asked}")
    assert kubectl("-n", "shop", "exec", "postgresql-0", "--", *words).split() == ["orders-v1-0"]


def test_orders_outlive_the_pod_of_their_database(shop_anywhere: Application) -> None:
    edge = shop_anywhere.edge
    order = ask(f"{edge}/v1/orders", order_request("accounts/grace", "products/oak-tumbler", 1)).body["order"]
    kubectl("-n", "shop", "delete", "pod", "postgresql-0", "--grace-period=0", "--force")
    kubectl("-n", "shop", "rollout", "status", "statefulset/postgresql", "--timeout=120s")

    wait_for("the order again", lambda: ask(f"{edge}/v1/{order['name']}").status == 200, timeout_s=60)
    assert ask(f"{edge}/v1/{order['name']}").body["order"] == order
    again = ask(f"{edge}/v1/orders", order_request("accounts/grace", "products/oak-tumbler", 1)).body["order"]
    assert again["state"] == "ORDER_STATE_CONFIRMED"


def test_helm_test_fails_where_the_mesh_is_in_the_way() -> None:
    # Whoever lost the database a moment ago may still be told where it is now.
    wait_for("a test that passes", lambda: helm_test() == 0, timeout_s=120)
    with policy(IN_THE_WAY):
        wait_for("a test that fails", lambda: helm_test() != 0, timeout_s=120)
    wait_for("a test that passes again", lambda: helm_test() == 0, timeout_s=120)


@contextmanager
def policy(document: str) -> Iterator[None]:
    kubectl("apply", "-f", "-", stdin=document)
    try:
        yield
    finally:
        kubectl("delete", "--wait", "-f", "-", stdin=document)


def helm_test() -> int:
    words = (*helm_command(), "test", "shop", "--namespace", "shop", "--timeout", "60s")
    return subprocess.run(words, capture_output=True, check=False).returncode
