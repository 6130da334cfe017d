"""What stock and reservations are, and what may become of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_UNITS = 2**31 - 1
"""What the contract's int32 holds."""


class ReservationState(StrEnum):
    HELD = "held"
    COMMITTED = "committed"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A product's id and how many units of it."""

    product: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """`available` can be reserved, `reserved` is set aside; both are never negative."""

    product: str
    available: int
    reserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    id: str
    lines: tuple[Line, ...]
    state: ReservationState


class StockNotFoundError(Exception):
    """No stock is kept of this product."""

    def __init__(self, product: str) -> None:
        super().__init__(f"stock/{product} does not exist")
        self.name = f"stock/{product}"


class StockLimitError(Exception):
    """More units than stock can count."""

    def __init__(self, product: str) -> None:
        super().__init__(f"stock/{product} counts at most {MOST_UNITS} units, reserved ones included")
        self.name = f"stock/{product}"


class ReservationNotFoundError(Exception):
    """There is no reservation of this name."""

    def __init__(self, reservation: str) -> None:
        super().__init__(f"reservations/{reservation} does not exist")
        self.name = f"reservations/{reservation}"


class InsufficientStockError(Exception):
    """Some lines ask for more than there is. `lacking` are (product, asked, available)."""

    def __init__(self, lacking: Sequence[tuple[str, int, int]]) -> None:
        said = ", ".join(f"products/{product}: {asked} asked, {left} left" for product, asked, left in lacking)
        super().__init__(f"insufficient stock: {said}")
        self.lacking = tuple(lacking)


class ReservationStateError(Exception):
    """The reservation is not in a state from which this can happen."""

    def __init__(self, reservation: Reservation, wanted: ReservationState) -> None:
        super().__init__(f"reservations/{reservation.id} is {reservation.state} and cannot become {wanted}")
        self.name = f"reservations/{reservation.id}"


def lacking_lines(lines: Sequence[Line], available: dict[str, int]) -> list[tuple[str, int, int]]:
    """Lines that ask for more than there is; several lines of a product count together."""
    asked: dict[str, int] = {}
    for line in lines:
        asked[line.product] = asked.get(line.product, 0) + line.quantity
    return [
        (product, units, available.get(product, 0))
        for product, units in asked.items()
        if units > available.get(product, 0)
    ]
