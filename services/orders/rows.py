"""Orders as rows. Enters: orders in domain words. Leaves: rows, and the other way round. Never: changes a row."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.domain import (
    Address,
    CancelReason,
    Money,
    Order,
    OrderLine,
    OrderState,
    Placement,
    RequestedLine,
    total_of,
)
from services.orders.tables import order_lines

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds_of(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def order_row_of(placement: Placement, now_us: int) -> dict[str, object]:
    address = placement.address
    return {
        "name": placement.name,
        "account": placement.account,
        "state": OrderState.PENDING.value,
        "recipient": address.recipient,
        "street": address.street,
        "postal_code": address.postal_code,
        "city": address.city,
        "country_code": address.country_code,
        "cancel_message": "",
        "created_us": now_us,
        "updated_us": now_us,
    }


def line_rows_of(placement: Placement) -> list[dict[str, object]]:
    return [
        {
            "order_name": placement.name,
            "position": position,
            "product": line.product,
            "quantity": line.quantity,
            "title": "",
        }
        for position, line in enumerate(placement.lines)
    ]


async def read_orders(connection: AsyncConnection, query: sa.Select[Any]) -> list[Order]:
    rows = (await connection.execute(query)).all()
    query_lines = sa.select(order_lines).where(order_lines.c.order_name.in_([row.name for row in rows]))
    lines: dict[str, list[sa.Row[Any]]] = {row.name: [] for row in rows}
    for line in (await connection.execute(query_lines.order_by(order_lines.c.position))).all():
        lines[line.order_name].append(line)
    return [_order_of(row, lines[row.name]) for row in rows]


def _order_of(row: sa.Row[Any], line_rows: Sequence[sa.Row[Any]]) -> Order:
    lines = tuple(
        OrderLine(
            product=line.product,
            quantity=line.quantity,
            title=line.title,
            unit_price=_price_of(line.unit_price_minor_units, row.currency_code),
        )
        for line in line_rows
    )
    return Order(
        placement=_placement_of(row, lines),
        state=OrderState(row.state),
        lines=lines,
        total=total_of(lines),
        cancel_reason=CancelReason(row.cancel_reason) if row.cancel_reason else None,
        cancel_message=row.cancel_message,
        created=EPOCH + timedelta(microseconds=row.created_us),
        updated=EPOCH + timedelta(microseconds=row.updated_us),
    )


def _placement_of(row: sa.Row[Any], lines: Sequence[OrderLine]) -> Placement:
    return Placement(
        name=row.name,
        account=row.account,
        lines=tuple(RequestedLine(product=line.product, quantity=line.quantity) for line in lines),
        address=Address(
            recipient=row.recipient,
            street=row.street,
            postal_code=row.postal_code,
            city=row.city,
            country_code=row.country_code,
        ),
    )


def _price_of(minor_units: int | None, currency_code: str | None) -> Money | None:
    if minor_units is None or currency_code is None:
        return None
    return Money(minor_units=minor_units, currency_code=currency_code)
