"""What orders says to other services. Enters: placements, orders. Leaves: their requests; what their answers mean.
Never: sends anything.

The idempotency key of a request is made of the order and the step, so it is the same in every attempt and after every
crash."""

from uuid import NAMESPACE_URL, uuid5

from shop.catalog.v1 import catalog_pb2
from shop.inventory.v1 import inventory_pb2
from shop.shipping.v1 import shipping_pb2
from shop.type.v1 import money_pb2
from shop.wallet.v1 import wallet_pb2

from services.orders.domain import Address, Money, Placement, Product


def price_request(placement: Placement) -> catalog_pb2.BatchGetProductsRequest:
    return catalog_pb2.BatchGetProductsRequest(names=[line.product for line in placement.lines])


def products_of(answer: catalog_pb2.BatchGetProductsResponse) -> dict[str, Product]:
    """By name (`products/{id}`)."""
    return {
        product.name: Product(
            name=product.name,
            title=product.title,
            price=Money(minor_units=product.price.minor_units, currency_code=product.price.currency_code),
        )
        for product in answer.products
    }


def reserve_request(placement: Placement) -> inventory_pb2.ReserveRequest:
    return inventory_pb2.ReserveRequest(
        name=placement.reservation,
        lines=[inventory_pb2.Line(product=line.product, quantity=line.quantity) for line in placement.lines],
        request_id=_key(placement, "reserve"),
    )


def release_request(placement: Placement) -> inventory_pb2.ReleaseRequest:
    return inventory_pb2.ReleaseRequest(name=placement.reservation, request_id=_key(placement, "release"))


def commit_request(placement: Placement) -> inventory_pb2.CommitRequest:
    return inventory_pb2.CommitRequest(name=placement.reservation, request_id=_key(placement, "commit"))


def debit_request(placement: Placement, total: Money) -> wallet_pb2.DebitRequest:
    return wallet_pb2.DebitRequest(
        name=placement.account,
        amount=money_message(total),
        reference=placement.name,
        request_id=_key(placement, "debit"),
    )


def refund_request(placement: Placement) -> wallet_pb2.RefundRequest:
    return wallet_pb2.RefundRequest(
        name=placement.account, reference=placement.name, request_id=_key(placement, "refund")
    )


def arrange_request(placement: Placement) -> shipping_pb2.ArrangeShipmentRequest:
    return shipping_pb2.ArrangeShipmentRequest(
        name=placement.shipment,
        order=placement.name,
        address=address_message(placement.address),
        request_id=_key(placement, "arrange"),
    )


def cancel_request(placement: Placement) -> shipping_pb2.CancelShipmentRequest:
    return shipping_pb2.CancelShipmentRequest(name=placement.shipment, request_id=_key(placement, "cancel"))


def money_message(money: Money) -> money_pb2.Money:
    return money_pb2.Money(minor_units=money.minor_units, currency_code=money.currency_code)


def address_message(address: Address) -> shipping_pb2.Address:
    return shipping_pb2.Address(
        recipient=address.recipient,
        street=address.street,
        postal_code=address.postal_code,
        city=address.city,
        country_code=address.country_code,
    )


def _key(placement: Placement, step: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{placement.name}:{step}"))
