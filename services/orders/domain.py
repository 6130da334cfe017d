"""What an order is. Enters: what a customer asked for and what products cost. Leaves: orders and why they ended as they
did. Never: a database, a network call or a wire format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OrderState(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class CancelReason(StrEnum):
    INSUFFICIENT_STOCK = "insufficient_stock"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    SHIPPING_REFUSED = "shipping_refused"
    UNAVAILABLE = "unavailable"
    NOT_SOLD = "not_sold"


class OrderNotFoundError(Exception):
    """No order has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} does not exist")
        self.name = name


class NotSoldError(Exception):
    """The lines cannot be sold together: a product is missing, or prices are in several currencies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An exact amount: `minor_units` of an ISO 4217 currency, for example cents."""

    minor_units: int
    currency_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    recipient: str
    street: str
    postal_code: str
    city: str
    country_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedLine:
    """A product (`products/{id}`) and how many units of it."""

    product: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What the customer asked for. `name` is `orders/{request id}`: the same request can only ever be the same
    order."""

    name: str
    account: str
    lines: tuple[RequestedLine, ...]
    address: Address

    @property
    def order_id(self) -> str:
        return self.name.removeprefix("orders/")

    @property
    def reservation(self) -> str:
        return f"reservations/{self.order_id}"

    @property
    def shipment(self) -> str:
        return f"shipments/{self.order_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What the catalog says of a product on sale."""

    name: str
    title: str
    price: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """`title` and `unit_price` are known once the line is priced."""

    product: str
    quantity: int
    title: str = ""
    unit_price: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a step of placing an order did not succeed."""

    reason: CancelReason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    placement: Placement
    state: OrderState
    lines: tuple[OrderLine, ...]
    total: Money | None
    cancel_reason: CancelReason | None
    cancel_message: str
    created: datetime
    updated: datetime


def price_lines(lines: Sequence[RequestedLine], products: Mapping[str, Product]) -> tuple[OrderLine, ...]:
    """The lines at today's prices. Raises `NotSoldError`."""
    if missing := [line.product for line in lines if line.product not in products]:
        raise NotSoldError(f"not in the catalog: {', '.join(missing)}")
    currencies = {products[line.product].price.currency_code for line in lines}
    if len(currencies) > 1:
        raise NotSoldError(f"prices are in several currencies: {', '.join(sorted(currencies))}")
    return tuple(
        OrderLine(
            product=line.product,
            quantity=line.quantity,
            title=products[line.product].title,
            unit_price=products[line.product].price,
        )
        for line in lines
    )


def total_of(lines: Sequence[OrderLine]) -> Money | None:
    """What all lines cost together; None as long as one has no price."""
    prices = [line.unit_price for line in lines if line.unit_price is not None]
    if not prices or len(prices) < len(lines):
        return None
    units = sum(price.minor_units * line.quantity for price, line in zip(prices, lines, strict=True))
    return Money(minor_units=units, currency_code=prices[0].currency_code)
