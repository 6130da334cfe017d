"""Where orders are kept. Enters: placements, prices, ends. Leaves: orders. Never: changes an order that has ended, or
makes a network call. Every change may be repeated: the second time changes nothing."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.chassis.database import reading
from services.orders.domain import Failure, Order, OrderLine, OrderNotFoundError, OrderState, Placement, total_of
from services.orders.rows import line_rows_of, microseconds_of, order_row_of, read_orders
from services.orders.tables import order_lines, orders

Clock = Callable[[], datetime]


class OrderStore:
    def __init__(self, engine: AsyncEngine, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._clock = clock

    async def open(self, placement: Placement) -> None:
        """Makes the order exist, without prices and PENDING. If it exists it stays as it is."""
        async with self._engine.begin() as connection:
            known = await connection.scalar(sa.select(orders.c.name).where(orders.c.name == placement.name))
            if known is None:
                await connection.execute(orders.insert(), order_row_of(placement, self._now_us()))
                await connection.execute(order_lines.insert(), line_rows_of(placement))

    async def price(self, name: str, lines: Sequence[OrderLine]) -> None:
        """Keeps what the lines cost; a later answer of the catalog replaces an earlier one."""
        total = total_of(lines)
        async with self._engine.begin() as connection:
            await self._change(connection, name, currency_code=total.currency_code if total else None)
            for position, line in enumerate(lines):
                await connection.execute(
                    order_lines.update()
                    .where(order_lines.c.order_name == name, order_lines.c.position == position)
                    .values(
                        title=line.title,
                        unit_price_minor_units=line.unit_price.minor_units if line.unit_price else None,
                    )
                )

    async def confirm(self, name: str) -> None:
        async with self._engine.begin() as connection:
            await self._change(connection, name, state=OrderState.CONFIRMED.value)

    async def cancel(self, name: str, failure: Failure) -> None:
        async with self._engine.begin() as connection:
            await self._change(
                connection,
                name,
                state=OrderState.CANCELLED.value,
                cancel_reason=failure.reason.value,
                cancel_message=failure.message,
            )

    async def get(self, name: str) -> Order:
        """Raises `OrderNotFoundError`."""
        if order := await self.find(name):
            return order
        raise OrderNotFoundError(name)

    async def find(self, name: str) -> Order | None:
        async with self._reading.connect() as connection:
            found = await read_orders(connection, sa.select(orders).where(orders.c.name == name))
        return found[0] if found else None

    async def list_of_account(self, account: str, limit: int, after: Order | None = None) -> Sequence[Order]:
        """At most `limit` orders, newest first, those that follow `after`."""
        query = sa.select(orders).where(orders.c.account == account)
        if after is not None:
            place = (microseconds_of(after.created), after.placement.name)
            query = query.where(sa.tuple_(orders.c.created_us, orders.c.name) < place)
        query = query.order_by(orders.c.created_us.desc(), orders.c.name.desc()).limit(limit)
        async with self._reading.connect() as connection:
            return await read_orders(connection, query)

    async def _change(self, connection: AsyncConnection, name: str, **values: object) -> None:
        """Only while it is PENDING: an order ends once."""
        await connection.execute(
            orders.update()
            .where(orders.c.name == name, orders.c.state == OrderState.PENDING.value)
            .values(updated_us=self._now_us(), **values)
        )

    def _now_us(self) -> int:
        return microseconds_of(self._clock())
