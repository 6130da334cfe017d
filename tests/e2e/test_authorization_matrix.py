"""Every caller and method cell of the shop, called through the caller's own proxy: what is not declared is denied."""

import grpc
import pytest
from shop.catalog.v1 import catalog_pb2
from shop.inventory.v1 import inventory_pb2
from shop.orders.v1 import orders_pb2
from shop.shipping.v1 import shipping_pb2
from shop.wallet.v1 import wallet_pb2

from tests.targets.target import Application

pytestmark = pytest.mark.both_targets
CONTRACTS = {
    "catalog": catalog_pb2,
    "inventory": inventory_pb2,
    "orders": orders_pb2,
    "shipping": shipping_pb2,
    "wallet": wallet_pb2,
}
METHODS = [
    (f"{name}:50051", f"/{service.full_name}/{method.name}")
    for name, contract in CONTRACTS.items()
    for service in contract.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
CALLERS = (*CONTRACTS, "edge")
DECLARED = {
    "edge": {
        "GetProduct",
        "ListProducts",
        "BatchGetProducts",
        "GetStock",
        "GetAccount",
        "ListPostings",
        "Deposit",
        "GetShipment",
        "PlaceOrder",
        "GetOrder",
        "ListOrders",
    },
    "orders": {
        "BatchGetProducts",
        "Reserve",
        "Commit",
        "Release",
        "Debit",
        "Refund",
        "ArrangeShipment",
        "CancelShipment",
    },
}


@pytest.mark.parametrize("caller", CALLERS)
def test_a_caller_reaches_the_declared_methods_and_no_other(shop_anywhere: Application, caller: str) -> None:
    codes = shop_anywhere.codes(caller, METHODS)
    reached = [path for (_, path), code in codes.items() if code is not grpc.StatusCode.PERMISSION_DENIED]
    allowed = {path.rpartition("/")[2] for path in reached}
    assert allowed == DECLARED.get(caller, set())
    assert set(codes.values()) <= {
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.OK,
    }


@pytest.mark.parametrize("caller", CONTRACTS)
def test_health_and_reflection_of_others_are_not_open_to_services(shop_anywhere: Application, caller: str) -> None:
    codes = shop_anywhere.codes(caller, [(f"{other}:50051", "/grpc.health.v1.Health/Check") for other in CONTRACTS])
    assert set(codes.values()) == {grpc.StatusCode.PERMISSION_DENIED}
