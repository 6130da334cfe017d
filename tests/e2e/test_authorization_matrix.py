"""Every caller and method cell of the shop, called through the caller's own proxy: what is not declared is denied."""

import grpc
import pytest
from shop.catalog.v1 import catalog_pb2
from shop.inventory.v1 import inventory_pb2
from shop.orders.v1 import orders_pb2
from shop.shipping.v1 import shipping_pb2
from shop.wallet.v1 import wallet_pb2

from loopmesh.cli.client import find_workload, get_status
from loopmesh.testing.mesh_process import MeshProcess

CONTRACTS = {
    "catalog": catalog_pb2,
    "inventory": inventory_pb2,
    "orders": orders_pb2,
    "shipping": shipping_pb2,
    "wallet": wallet_pb2,
}
METHODS = [
    (name, f"/{service.full_name}/{method.name}")
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


@pytest.fixture(scope="module")
def outbound(shop: MeshProcess) -> dict[str, str]:
    status = get_status(shop.state)
    return {caller: find_workload(status, caller).outbound_socket for caller in CALLERS}


def call(socket: str, service: str, path: str) -> grpc.StatusCode:
    """With an empty request: who is let through is told by the contract's INVALID_ARGUMENT, or by an answer."""
    with grpc.insecure_channel(f"unix:{socket}", [("grpc.default_authority", f"{service}:50051")]) as channel:
        try:
            channel.unary_unary(path, bytes, bytes)(b"", timeout=10)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK


@pytest.mark.parametrize("caller", CALLERS)
def test_a_caller_reaches_the_declared_methods_and_no_other(outbound: dict[str, str], caller: str) -> None:
    codes = {path: call(outbound[caller], service, path) for service, path in METHODS}
    allowed = {path.rpartition("/")[2] for path, code in codes.items() if code is not grpc.StatusCode.PERMISSION_DENIED}
    assert allowed == DECLARED.get(caller, set())
    assert set(codes.values()) <= {
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.OK,
    }


@pytest.mark.parametrize("caller", CONTRACTS)
def test_health_and_reflection_of_others_are_not_open_to_services(outbound: dict[str, str], caller: str) -> None:
    for target in CONTRACTS:
        code = call(outbound[caller], target, "/grpc.health.v1.Health/Check")
        assert code is grpc.StatusCode.PERMISSION_DENIED
