"""ShippingService on gRPC."""

from typing import Any

import grpc
from shop.shipping.v1 import shipping_pb2, shipping_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncEngine

from services.chassis.database import reading
from services.chassis.errors import ErrorTable, Refusal, failed_precondition, missing, reason
from services.chassis.idempotency import once
from services.shipping.domain import (
    Address,
    CountryNotServedError,
    Shipment,
    ShipmentNotFoundError,
    ShipmentState,
    check_served,
)
from services.shipping.store import ShipmentStore

Context = grpc.aio.ServicerContext[Any, Any]
STATES = {
    ShipmentState.ARRANGED: shipping_pb2.SHIPMENT_STATE_ARRANGED,
    ShipmentState.CANCELLED: shipping_pb2.SHIPMENT_STATE_CANCELLED,
}


def _not_served(error: CountryNotServedError) -> Refusal:
    violation = failed_precondition("COUNTRY", error.country_code, str(error))
    details = (reason("COUNTRY_NOT_SERVED", country_code=error.country_code), violation)
    return Refusal(code=grpc.StatusCode.FAILED_PRECONDITION, message=str(error), details=details)


ERRORS: ErrorTable = {
    ShipmentNotFoundError: lambda error: missing("shop.shipping.v1.Shipment", error.name),
    CountryNotServedError: _not_served,
}


class ShippingServicer(shipping_pb2_grpc.ShippingServiceServicer):
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def GetShipment(
        self, request: shipping_pb2.GetShipmentRequest, context: Context
    ) -> shipping_pb2.GetShipmentResponse:
        async with reading(self._engine).connect() as connection:
            found = await ShipmentStore(connection).get(_id(request.name))
        return shipping_pb2.GetShipmentResponse(shipment=_message(found))

    async def ArrangeShipment(
        self, request: shipping_pb2.ArrangeShipmentRequest, context: Context
    ) -> shipping_pb2.ArrangeShipmentResponse:
        async def arrange() -> shipping_pb2.ArrangeShipmentResponse:
            found = await _arrange(ShipmentStore(connection), request)
            return shipping_pb2.ArrangeShipmentResponse(shipment=_message(found))

        async with self._engine.begin() as connection:
            return await once(connection, request, shipping_pb2.ArrangeShipmentResponse, arrange)

    async def CancelShipment(
        self, request: shipping_pb2.CancelShipmentRequest, context: Context
    ) -> shipping_pb2.CancelShipmentResponse:
        async def cancel() -> shipping_pb2.CancelShipmentResponse:
            found = await _cancel(ShipmentStore(connection), _id(request.name))
            return shipping_pb2.CancelShipmentResponse(shipment=_message(found) if found.address else None)

        async with self._engine.begin() as connection:
            return await once(connection, request, shipping_pb2.CancelShipmentResponse, cancel)


async def _arrange(store: ShipmentStore, request: shipping_pb2.ArrangeShipmentRequest) -> Shipment:
    """A shipment that exists stays as it is, cancelled ones too."""
    address = Address(
        recipient=request.address.recipient,
        street=request.address.street,
        postal_code=request.address.postal_code,
        city=request.address.city,
        country_code=request.address.country_code,
    )
    check_served(address)
    found = await store.find(_id(request.name))
    if found is None:
        found = Shipment(id=_id(request.name), order=request.order, address=address, state=ShipmentState.ARRANGED)
        await store.add(found)
    return found


async def _cancel(store: ShipmentStore, shipment: str) -> Shipment:
    """What was never arranged is kept as cancelled: an arrangement that arrives late then finds it so."""
    found = await store.find(shipment)
    if found is None:
        found = Shipment(id=shipment, order="", address=None, state=ShipmentState.CANCELLED)
        await store.add(found)
    await store.set_state(shipment, ShipmentState.CANCELLED)
    return await store.get(shipment)


def _id(name: str) -> str:
    return name.removeprefix("shipments/")


def _message(shipment: Shipment) -> shipping_pb2.Shipment:
    address = shipment.address
    return shipping_pb2.Shipment(
        name=f"shipments/{shipment.id}",
        order=shipment.order,
        address=shipping_pb2.Address(
            recipient=address.recipient,
            street=address.street,
            postal_code=address.postal_code,
            city=address.city,
            country_code=address.country_code,
        )
        if address
        else None,
        state=STATES[shipment.state],
        tracking_code=shipment.tracking_code,
    )
