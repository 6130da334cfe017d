"""An order travels through the mesh, and one that fails leaves no trace in stock and money."""

import uuid

import grpc
import pytest
from shop.inventory.v1 import inventory_pb2
from shop.orders.v1 import orders_pb2, orders_pb2_grpc
from shop.shipping.v1 import shipping_pb2

from tests.e2e.shop_client import ask, balance, order_request, stock
from tests.targets.target import Application

pytestmark = pytest.mark.both_targets


def test_an_order_over_rest_takes_stock_and_money_and_arranges_a_shipment(shop_anywhere: Application) -> None:
    product = "products/steel-wall-clock"
    money, (available, reserved) = balance(shop_anywhere.edge, "accounts/ada"), stock(shop_anywhere.edge, product)

    order = ask(f"{shop_anywhere.edge}/v1/orders", order_request("accounts/ada", product, 2)).body["order"]

    assert order["state"] == "ORDER_STATE_CONFIRMED"
    assert balance(shop_anywhere.edge, "accounts/ada") == money - int(order["total"]["minorUnits"])
    assert stock(shop_anywhere.edge, product) == (available - 2, reserved)
    assert ask(f"{shop_anywhere.edge}/v1/{order['shipment']}").body["shipment"]["order"] == order["name"]
    assert ask(f"{shop_anywhere.edge}/v1/{order['name']}").body["order"] == order


def test_an_order_over_grpc_succeeds_at_the_same_port(shop_anywhere: Application) -> None:
    request = orders_pb2.PlaceOrderRequest(
        account="accounts/grace",
        lines=[inventory_pb2.Line(product="products/oak-pen-tray", quantity=1)],
        address=shipping_pb2.Address(recipient="Grace", street="1 Navy Yard", city="Lyon", country_code="FR"),
        request_id=str(uuid.uuid4()),
    )
    with grpc.insecure_channel(shop_anywhere.edge.removeprefix("http://")) as channel:
        answer = orders_pb2_grpc.OrderServiceStub(channel).PlaceOrder(request, timeout=20)
    assert answer.order.state == orders_pb2.ORDER_STATE_CONFIRMED


def test_the_same_request_again_gets_the_same_order_and_pays_once(shop_anywhere: Application) -> None:
    request = order_request("accounts/margaret", "products/wool-place-mat", 1)
    money = balance(shop_anywhere.edge, "accounts/margaret")
    first = ask(f"{shop_anywhere.edge}/v1/orders", request).body["order"]
    second = ask(f"{shop_anywhere.edge}/v1/orders", request).body["order"]
    assert first == second
    assert balance(shop_anywhere.edge, "accounts/margaret") == money - int(first["total"]["minorUnits"])


FAILURES = {
    "insufficient stock": ("accounts/margaret", "products/glass-pen-tray", 1000, "GB", "INSUFFICIENT_STOCK"),
    "insufficient funds": ("accounts/alan", "products/walnut-side-table", 1, "GB", "INSUFFICIENT_FUNDS"),
    "a shipping refusal": ("accounts/margaret", "products/oak-wall-clock", 1, "AQ", "SHIPPING_REFUSED"),
    "an unknown product": ("accounts/margaret", "products/moon", 1, "GB", "NOT_SOLD"),
}


@pytest.mark.parametrize(("account", "product", "quantity", "country", "reason"), FAILURES.values(), ids=FAILURES)
def test_a_failed_order_is_cancelled_with_its_reason_and_nothing_is_lost(
    shop_anywhere: Application, account: str, product: str, quantity: int, country: str, reason: str
) -> None:
    exists = product != "products/moon"
    before = balance(shop_anywhere.edge, account), stock(shop_anywhere.edge, product) if exists else None

    answer = ask(f"{shop_anywhere.edge}/v1/orders", order_request(account, product, quantity, country))

    assert answer.status == 200
    order = answer.body["order"]
    assert order["state"] == "ORDER_STATE_CANCELLED"
    assert order["cancelReason"] == f"CANCEL_REASON_{reason}"
    assert order["cancelMessage"]
    assert (balance(shop_anywhere.edge, account), stock(shop_anywhere.edge, product) if exists else None) == before


def test_wallet_postings_show_both_the_debit_and_its_refund(shop_anywhere: Application) -> None:
    answer = ask(f"{shop_anywhere.edge}/v1/orders", order_request("accounts/linus", "products/oak-tumbler", 1, "AQ"))
    name = answer.body["order"]["name"]
    postings = ask(f"{shop_anywhere.edge}/v1/accounts/linus/postings?pageSize=200").body["postings"]
    amounts = [int(posting["amount"]["minorUnits"]) for posting in postings if posting["reference"] == name]
    assert amounts == [-1680, 1680]
