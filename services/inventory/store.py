"""Where stock and reservations are kept. Every change is one transaction, shared with its request's answer."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.idempotency import request_table
from services.inventory.domain import (
    MOST_UNITS,
    InsufficientStockError,
    Line,
    Reservation,
    ReservationNotFoundError,
    ReservationState,
    ReservationStateError,
    Stock,
    StockLimitError,
    StockNotFoundError,
    lacking_lines,
)

metadata = sa.MetaData()
request_table(metadata)
stock = sa.Table(
    "stock",
    metadata,
    sa.Column("product", sa.String(63), primary_key=True),
    sa.Column("available", sa.Integer, sa.CheckConstraint("available >= 0"), nullable=False),
    sa.Column("reserved", sa.Integer, sa.CheckConstraint("reserved >= 0"), nullable=False),
)
reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
)
reservation_lines = sa.Table(
    "reservation_lines",
    metadata,
    sa.Column("reservation", sa.String(63), sa.ForeignKey("reservations.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("product", sa.String(63), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
)


class InventoryStore:
    """Works inside the transaction of the connection it is given."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def stock_of(self, product: str) -> Stock:
        """Raises StockNotFoundError."""
        row = (await self._connection.execute(sa.select(stock).where(stock.c.product == product))).one_or_none()
        if row is None:
            raise StockNotFoundError(product)
        return Stock(**row._mapping)

    async def add(self, product: str, quantity: int) -> Stock:
        """Raises StockNotFoundError, StockLimitError."""
        held = sa.select(stock.c.available + stock.c.reserved).where(stock.c.product == product).with_for_update()
        if (await self._connection.scalar(held) or 0) + quantity > MOST_UNITS:
            raise StockLimitError(product)
        await self._connection.execute(
            stock.update().where(stock.c.product == product).values(available=stock.c.available + quantity)
        )
        return await self.stock_of(product)

    async def reserve(self, reservation: str, lines: Sequence[Line]) -> Reservation:
        """All lines or none. Raises InsufficientStockError. A reservation that exists stays as it is."""
        known = await self.find(reservation)
        if known is not None:
            return known
        lacking = lacking_lines(lines, await self._available(lines))
        if lacking:
            raise InsufficientStockError(lacking)
        await self._connection.execute(reservations.insert(), {"id": reservation, "state": ReservationState.HELD.value})
        rows = [
            {"reservation": reservation, "position": position, "product": line.product, "quantity": line.quantity}
            for position, line in enumerate(lines)
        ]
        await self._connection.execute(reservation_lines.insert(), rows)
        await self._move(lines, available=-1, reserved=1)
        return Reservation(id=reservation, lines=tuple(lines), state=ReservationState.HELD)

    async def commit(self, reservation: str) -> Reservation:
        """Raises ReservationNotFoundError, ReservationStateError for a released one."""
        found = await self.find(reservation)
        if found is None:
            raise ReservationNotFoundError(reservation)
        return await self._end(found, ReservationState.COMMITTED, available=0)

    async def release(self, reservation: str) -> Reservation:
        """Raises ReservationStateError for a committed one. What was never reserved counts as released, for good:
        a reserve that arrives late then finds it so and takes nothing."""
        found = await self.find(reservation)
        if found is None:
            row = {"id": reservation, "state": ReservationState.RELEASED.value}
            await self._connection.execute(reservations.insert(), row)
            return Reservation(id=reservation, lines=(), state=ReservationState.RELEASED)
        return await self._end(found, ReservationState.RELEASED, available=1)

    async def find(self, reservation: str) -> Reservation | None:
        query = sa.select(reservations.c.state).where(reservations.c.id == reservation).with_for_update()
        state = await self._connection.scalar(query)
        if state is None:
            return None
        columns = sa.select(reservation_lines.c.product, reservation_lines.c.quantity)
        rows = await self._connection.execute(
            columns.where(reservation_lines.c.reservation == reservation).order_by(reservation_lines.c.position)
        )
        lines = tuple(Line(**row._mapping) for row in rows)
        return Reservation(id=reservation, lines=lines, state=ReservationState(state))

    async def _available(self, lines: Sequence[Line]) -> dict[str, int]:
        # Locked in one order, so that two reservations of the same products wait for each other and do not deadlock.
        query = (
            sa.select(stock.c.product, stock.c.available)
            .where(stock.c.product.in_({line.product for line in lines}))
            .order_by(stock.c.product)
            .with_for_update()
        )
        return {row.product: row.available for row in await self._connection.execute(query)}

    async def _end(self, found: Reservation, state: ReservationState, *, available: int) -> Reservation:
        if found.state is state:
            return found
        if found.state is not ReservationState.HELD:
            raise ReservationStateError(found, state)
        await self._move(found.lines, available=available, reserved=-1)
        await self._connection.execute(
            reservations.update().where(reservations.c.id == found.id).values(state=state.value)
        )
        return Reservation(id=found.id, lines=found.lines, state=state)

    async def _move(self, lines: Sequence[Line], *, available: int, reserved: int) -> None:
        for line in sorted(lines, key=lambda one: one.product):
            await self._connection.execute(
                stock.update()
                .where(stock.c.product == line.product)
                .values(
                    available=stock.c.available + available * line.quantity,
                    reserved=stock.c.reserved + reserved * line.quantity,
                )
            )
