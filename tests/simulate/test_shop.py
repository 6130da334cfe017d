"""Where calls land under the policies that come with the product."""

import importlib
from collections.abc import Iterator

import pytest

from loopmesh.simulate import Request, Verdict
from tests.e2e.test_authorization_matrix import CALLERS, DECLARED
from tests.simulate.compiled_mesh import CompiledMesh, landing, shares, shop

SERVICES = ("catalog", "inventory", "orders", "shipping", "wallet")
RESERVE = "/shop.inventory.v1.InventoryService/Reserve"


@pytest.fixture(scope="module")
def mesh() -> CompiledMesh:
    return shop()


def methods() -> Iterator[tuple[str, str]]:
    """Every service and gRPC path of the contracts."""
    for name in SERVICES:
        module = importlib.import_module(f"shop.{name}.v1.{name}_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            yield from ((name, f"/{service.full_name}/{method.name}") for method in service.methods)


@pytest.mark.parametrize("caller", CALLERS)
def test_a_caller_reaches_the_methods_it_reaches_on_the_running_shop(mesh: CompiledMesh, caller: str) -> None:
    reached = {
        path.rpartition("/")[2]
        for service, path in methods()
        if mesh.grpc(caller, f"{service}:50051", path).percent(Verdict.REACHES) == 100
    }
    assert reached == DECLARED.get(caller, set())


def test_one_in_ten_calls_sees_the_canary_and_everyone_who_asks_for_it(mesh: CompiledMesh) -> None:
    path = "/shop.catalog.v1.CatalogService/BatchGetProducts"
    assert shares(mesh.grpc("orders", "catalog:50051", path)) == {"catalog-v1-0": 90, "catalog-v2-0": 10}
    asked = mesh.grpc("orders", "catalog:50051", path, x_catalog_version="v2")
    assert shares(asked) == {"catalog-v2-0": 100}
    assert asked.outbound.matched is not None
    assert asked.outbound.matched.name == "preview"


def test_the_limits_of_a_call_are_those_of_its_policies(mesh: CompiledMesh) -> None:
    call = mesh.grpc("orders", "inventory:50051", RESERVE)
    assert call.outbound.matched is not None
    matched, cluster = call.outbound.matched, landing(call).cluster
    assert (str(matched.rule), matched.timeout_ms) == ("VirtualService shop/inventory spec.http[0]", 2000)
    assert matched.retry is not None
    assert (matched.retry.retries, matched.retry.per_try_timeout_ms) == (2, 900)
    assert matched.retry.conditions == ("connect-failure", "refused-stream", "unavailable", "reset")
    assert cluster is not None
    assert cluster.limits == {"max_requests": 200}
    assert str(cluster.rule) == "DestinationRule shop/inventory"
    assert cluster.outlier is not None
    assert (cluster.outlier.consecutive_5xx_errors, cluster.outlier.consecutive_gateway_errors) == (0, 5)


def test_both_sides_show_their_identities(mesh: CompiledMesh) -> None:
    (instance,) = landing(mesh.grpc("orders", "inventory:50051", RESERVE)).instances
    assert instance.tls is not None
    assert instance.tls.shows_identity
    assert instance.tls.expected == ("spiffe://cluster.local/ns/shop/sa/inventory",)
    assert instance.spiffe_id == "spiffe://cluster.local/ns/shop/sa/inventory"


def test_the_rule_that_lets_a_call_through_is_named(mesh: CompiledMesh) -> None:
    (instance,) = landing(mesh.grpc("orders", "inventory:50051", RESERVE)).instances
    assert instance.inbound is not None
    (check,) = instance.inbound.checks
    assert check.decided_by is not None
    assert str(check.decided_by.rule) == "AuthorizationPolicy shop/inventory spec.rules[1]"


def test_a_denied_caller_is_told_which_rule_speaks_of_what_it_wants(mesh: CompiledMesh) -> None:
    (instance,) = landing(mesh.grpc("wallet", "inventory:50051", RESERVE)).instances
    assert instance.inbound is not None
    (check,) = instance.inbound.checks
    assert (check.passed, check.status, check.reason) == (False, 403, "RBAC: access denied")
    near = [str(result.rule) for result in check.rules if result.fits_operation]
    assert near == ["AuthorizationPolicy shop/inventory spec.rules[1]"]


def test_a_denial_wins_over_every_permission() -> None:
    mesh = shop("""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: frozen, namespace: shop}
spec:
  selector: {matchLabels: {app: inventory}}
  action: DENY
  rules: [{to: [{operation: {paths: [/shop.inventory.v1.InventoryService/Reserve]}}]}]
""")
    call = mesh.grpc("orders", "inventory:50051", RESERVE)
    assert shares(call) == {"denied": 100}
    (instance,) = landing(call).instances
    assert instance.inbound is not None
    (check,) = instance.inbound.checks
    assert check.decided_by is not None
    assert str(check.decided_by.rule) == "AuthorizationPolicy shop/frozen spec.rules[0]"


def test_a_name_the_mesh_does_not_have_is_answered_by_the_callers_own_proxy(mesh: CompiledMesh) -> None:
    call = mesh.grpc("orders", "payments:50051", "/p.P/M")
    assert shares(call) == {"answered": 100}
    assert call.outbound.matched is not None
    assert call.outbound.matched.answer is not None
    assert call.outbound.matched.answer.status == 502


@pytest.mark.parametrize(
    ("verb", "path", "became", "route"),
    [
        ("GET", "/v1/products/oak-tumbler", "/shop.catalog.v1.CatalogService/GetProduct", "catalog"),
        (
            "GET",
            "/v1/products:batchGet?names=a",
            "/shop.catalog.v1.CatalogService/BatchGetProducts",
            "catalog",
        ),
        ("POST", "/v1/accounts/ada:deposit", "/shop.wallet.v1.WalletService/Deposit", "wallet"),
        ("POST", "/v1/orders", "/shop.orders.v1.OrderService/PlaceOrder", "orders"),
    ],
)
def test_rest_from_outside_is_routed_as_the_call_it_becomes(
    mesh: CompiledMesh, verb: str, path: str, became: str, route: str
) -> None:
    call = mesh.arrival("edge", Request(authority="localhost", path=path, method=verb))
    assert {outcome.verdict for outcome in call.outcomes} == {Verdict.REACHES}
    assert {(one.request.method, one.request.path) for one in call.landings} == {("POST", became)}
    assert call.outbound.matched is not None
    assert call.outbound.matched.name == route


def test_rest_is_routed_though_no_route_speaks_of_its_path() -> None:
    mesh = shop("""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: edge, namespace: shop}
spec:
  hosts: ["*"]
  gateways: [edge]
  http:
  - name: orders
    match: [{uri: {prefix: /shop.orders.v1.OrderService/}}]
    route: [{destination: {host: orders}}]
""")
    call = mesh.arrival("edge", Request(authority="localhost", path="/v1/orders", method="POST"))
    assert shares(call) == {"orders-v1-0": 100}


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/v1/nothing", 404, "no method takes GET /v1/nothing"),
        ("/v1/products?color=red", 400, "shop.catalog.v1.CatalogService/ListProducts has no parameter color"),
    ],
)
def test_rest_that_no_rule_takes_is_refused_at_the_edge(
    mesh: CompiledMesh, path: str, status: int, reason: str
) -> None:
    call = mesh.arrival("edge", Request(authority="localhost", path=path))
    assert shares(call) == {"answered": 100}
    stopped = [check for check in call.outbound.checks if not check.passed]
    assert [(check.status, check.reason) for check in stopped] == [(status, reason)]


def test_bytes_from_outside_are_denied_by_default_and_follow_the_route_of_their_server_where_allowed() -> None:
    opened = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: bytes, namespace: shop}
spec:
  selector: {istio: edge}
  servers: [{port: {number: 4222, name: nats, protocol: TCP}, hosts: ["*"]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: bytes, namespace: shop}
spec:
  hosts: ["*"]
  gateways: [bytes]
  tcp: [{route: [{destination: {host: wallet}}]}]
"""
    allowed = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: bytes, namespace: shop}
spec:
  selector: {matchLabels: {istio: edge}}
  action: ALLOW
  rules: [{to: [{operation: {ports: ["4222"]}}]}]
"""
    stream = Request(authority="localhost:4222", path="", method="TCP")
    stopped = shop(opened).arrival("edge", stream)
    assert (shares(stopped), stopped.landings) == ({"denied": 100}, ())
    (destination,) = shop(opened, allowed).arrival("edge", stream).landings
    assert destination.name == "outbound|50051||wallet.shop.svc.cluster.local"
