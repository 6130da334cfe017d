"""`mesh explain` on running meshes: what it says is what happens, and it names the rule behind it."""

import json
import re
import shlex
from http import HTTPStatus
from pathlib import Path
from typing import Any

import grpc
import pytest

from loopmesh.cli.client import find_workload, get_status
from loopmesh.cli.explain.live_call import LiveMesh
from loopmesh.simulate import Request, Verdict
from loopmesh.testing.mesh_process import MeshProcess
from tests.e2e.shop_client import ask
from tests.e2e.test_authorization_matrix import CALLERS, METHODS
from tests.targets.local import LocalApplication

GUIDE = Path(__file__).parents[2] / "docs/guides/explain.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RESERVE = "shop.inventory.v1.InventoryService/Reserve"


def explained(mesh: MeshProcess, caller: str, target: str, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(mesh.command("explain", "--from", caller, target, *arguments, "--json"))
    return answer


@pytest.mark.parametrize("caller", CALLERS)
def test_its_verdict_is_what_happens_for_every_method(shop: MeshProcess, caller: str) -> None:
    status = get_status(shop.state)
    workload = find_workload(status, caller)
    mesh = LiveMesh(status)
    for (target, path), code in LocalApplication(shop).codes(caller, METHODS).items():
        told = mesh.simulate(workload.name, Request.grpc(target, path))
        assert {outcome.verdict for outcome in told.outcomes} == {
            Verdict.DENIED if code is grpc.StatusCode.PERMISSION_DENIED else Verdict.REACHES
        }, path


def test_every_step_is_told_with_the_rule_and_its_line(shop: MeshProcess) -> None:
    said = shop.command("explain", "--from", "orders", "inventory:50051", "Reserve")
    for expected in (
        "route            stock  [VirtualService shop/inventory (istio/inventory/virtualservice.yaml:7)]",
        "timeout          2 s",
        "retries          2 on connect-failure, refused-stream, unavailable, reset; 900 ms for each try",
        "900 ms for each try  [VirtualService shop/inventory (istio/inventory/virtualservice.yaml:12)]",
        "[DestinationRule shop/inventory (istio/inventory/destinationrule.yaml:1)]",
        "0 of 200 requests in use",
        "after 5 gateway errors in a row for 5 s, at most 50%; none is out now",
        "mutual TLS, cluster.local/ns/shop/sa/orders to cluster.local/ns/shop/sa/inventory",
        "[PeerAuthentication istio-system/default (istio/mesh/peerauthentication.yaml:6)]",
        "allowed  [AuthorizationPolicy shop/inventory (istio/inventory/authorizationpolicy.yaml:13)]",
        "=> reaches inventory-v1-0",
    ):
        assert expected in said


def test_a_denial_names_the_nearest_rule_and_what_to_change_and_changing_it_helps(
    shop: MeshProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wallet = "cluster.local/ns/shop/sa/wallet"
    (advice,) = explained(shop, "wallet", "inventory:50051", RESERVE)["advice"]
    assert advice == {
        "why": "AuthorizationPolicy shop/inventory (istio/inventory/authorizationpolicy.yaml:13) does not allow POST "
        f"/{RESERVE} for {wallet}: `from[0].source.principals` asks for cluster.local/ns/shop/sa/orders, "
        f"and this is {wallet}",
        "remedy": f"add {wallet} to `from[0].source.principals`",
    }
    original = "istio/inventory/authorizationpolicy.yaml"
    changed = tmp_path_factory.mktemp("changed") / "policy.yaml"
    orders = "[cluster.local/ns/shop/sa/orders]"
    wider = orders.replace("]", ", cluster.local/ns/shop/sa/wallet]")
    changed.write_text((shop.folder / original).read_text().replace(orders, wider))
    try:
        shop.command("apply", "-f", str(changed))
        answer = explained(shop, "wallet", "inventory:50051", RESERVE)
        assert [one["verdict"] for one in answer["outcomes"]] == ["reaches"]
        (check,) = answer["destinations"][0]["instances"][0]["checks"]
        assert (check["rule"]["file"], check["rule"]["line"]) == (str(changed), 13)
        assert shop.call_status("wallet", "inventory:50051", RESERVE) == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    finally:
        shop.command("apply", "-f", original)


GUESTS = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: guests, namespace: shop}
spec:
  selector: {matchLabels: {app: inventory}}
  rules: [{when: [{key: source.namespace, values: [risk]}]}]
"""


def test_a_condition_of_when_is_told_from_the_same_condition_of_a_source(shop: MeshProcess, tmp_path: Path) -> None:
    policy = tmp_path / "guests.yaml"
    policy.write_text(GUESTS)
    shop.command("apply", "-f", str(policy))
    try:
        (advice,) = explained(shop, "wallet", "inventory:50051", RESERVE)["advice"]
        assert advice["remedy"] == "add shop to `when[0].values`"
    finally:
        shop.command("delete", "AuthorizationPolicy", "guests")


def test_weights_are_told_as_shares_of_each_version(shop: MeshProcess) -> None:
    answer = explained(shop, "orders", "catalog:50051", "BatchGetProducts")
    assert [(one["workload"], one["percent"]) for one in answer["outcomes"]] == [
        ("catalog-v1-0", 90),
        ("catalog-v2-0", 10),
    ]
    asked = explained(shop, "orders", "catalog:50051", "BatchGetProducts", "-H", "x-catalog-version: v2")
    assert [(one["workload"], one["percent"]) for one in asked["outcomes"]] == [("catalog-v2-0", 100)]
    assert asked["route"]["name"] == "preview"


def test_a_path_is_explained_as_http(shop: MeshProcess) -> None:
    answer = explained(shop, "orders", "catalog:50051", "/v1/products?page=2", "-X", "DELETE")
    assert (answer["method"], answer["path"]) == ("DELETE", "/v1/products?page=2")
    assert [one["verdict"] for one in answer["outcomes"]] == ["denied", "denied"]


@pytest.mark.parametrize(
    "path", ["/v1/products/oak-tumbler", "/v1/products?pageSize=1", "/v1/nothing", "/v1/orders?no=1"]
)
def test_rest_at_the_edge_is_explained_as_the_call_it_becomes(shop: MeshProcess, path: str) -> None:
    status = get_status(shop.state)
    told = LiveMesh(status).simulate_arrival(status.edge["http"], Request(authority="localhost:80", path=path))
    answer = ask(status.edge["http"] + path)
    stopped = [check.status for check in told.outbound.checks if not check.passed]
    if stopped:
        assert [answer.status] == stopped
    else:
        assert {outcome.verdict for outcome in told.outcomes} == {Verdict.REACHES}
        assert answer.status == HTTPStatus.OK


def test_the_route_a_call_took_is_told_by_the_log_of_its_callers_proxy(shop: MeshProcess) -> None:
    shop.run("call", "--from", "wallet", "catalog:50051", "BatchGetProducts")
    said = shop.command("explain", "--trace", "last")
    assert "  route            canary  [VirtualService shop/catalog (istio/catalog/virtualservice.yaml:14)]" in said
    shop.run("call", "--from", "wallet", "catalog:50051", "BatchGetProducts", "-H", "x-catalog-version: v2")
    said = shop.command("explain", "--trace", "last")
    assert "  route            preview  [VirtualService shop/catalog (istio/catalog/virtualservice.yaml:8)]" in said


def test_a_name_nobody_has_is_said_to_be_none(shop: MeshProcess) -> None:
    answer = explained(shop, "orders", "payments:50051", "a.B/C")
    (advice,) = answer["advice"]
    refused_by = "MeshConfig istio-system/istio (istio/mesh/meshconfig.yaml:2) refuses other hosts"
    assert advice["why"] == f"no service the caller can see is called payments:50051, and {refused_by}"


def test_the_guide_shows_what_the_commands_say(shop: MeshProcess) -> None:
    parts = [
        part
        for block in CONSOLE.findall(GUIDE.read_text())
        for part in re.split(r"^\$ mesh ", block, flags=re.MULTILINE)[1:]
    ]
    for part in parts:
        command, *shown = part.splitlines()
        result = shop.run(*shlex.split(command))
        said = (result.stdout + result.stderr).splitlines()
        assert [line for line in shown if line not in said] == [], command
