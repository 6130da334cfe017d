"""Where shipments are kept."""

from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.idempotency import request_table
from services.shipping.domain import Address, Shipment, ShipmentNotFoundError, ShipmentState

metadata = sa.MetaData()
request_table(metadata)
shipments = sa.Table(
    "shipments",
    metadata,
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("order", sa.String(80), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("recipient", sa.String(200)),
    sa.Column("street", sa.String(200)),
    sa.Column("postal_code", sa.String(20)),
    sa.Column("city", sa.String(200)),
    sa.Column("country_code", sa.String(2)),
)


class ShipmentStore:
    """Works inside the transaction of the connection it is given."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, shipment: str) -> Shipment:
        """Raises ShipmentNotFoundError."""
        found = await self.find(shipment)
        if found is None:
            raise ShipmentNotFoundError(shipment)
        return found

    async def find(self, shipment: str) -> Shipment | None:
        row = (await self._connection.execute(sa.select(shipments).where(shipments.c.id == shipment))).one_or_none()
        if row is None:
            return None
        address = None
        if row.recipient is not None:
            address = Address(
                recipient=row.recipient,
                street=row.street,
                postal_code=row.postal_code,
                city=row.city,
                country_code=row.country_code,
            )
        return Shipment(id=row.id, order=row.order, address=address, state=ShipmentState(row.state))

    async def add(self, shipment: Shipment) -> None:
        address = asdict(shipment.address) if shipment.address else {}
        row = {"id": shipment.id, "order": shipment.order, "state": shipment.state.value, **address}
        await self._connection.execute(shipments.insert(), row)

    async def set_state(self, shipment: str, state: ShipmentState) -> None:
        await self._connection.execute(shipments.update().where(shipments.c.id == shipment).values(state=state.value))
