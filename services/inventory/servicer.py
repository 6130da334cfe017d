"""InventoryService on gRPC."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from shop.inventory.v1 import inventory_pb2, inventory_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncEngine

from services.chassis.database import reading
from services.chassis.errors import ErrorTable, Refusal, failed_precondition, missing, reason
from services.chassis.idempotency import once
from services.inventory.domain import (
    InsufficientStockError,
    Line,
    Reservation,
    ReservationNotFoundError,
    ReservationState,
    ReservationStateError,
    Stock,
    StockLimitError,
    StockNotFoundError,
)
from services.inventory.store import InventoryStore

Answer = TypeVar("Answer", bound=Message)
Context = grpc.aio.ServicerContext[Any, Any]
STATES = {
    ReservationState.HELD: inventory_pb2.RESERVATION_STATE_HELD,
    ReservationState.COMMITTED: inventory_pb2.RESERVATION_STATE_COMMITTED,
    ReservationState.RELEASED: inventory_pb2.RESERVATION_STATE_RELEASED,
}


def _insufficient(error: InsufficientStockError) -> Refusal:
    details = [
        failed_precondition("STOCK", f"products/{product}", f"{asked} asked, {left} left")
        for product, asked, left in error.lacking
    ]
    return Refusal(
        code=grpc.StatusCode.FAILED_PRECONDITION,
        message=str(error),
        details=(reason("INSUFFICIENT_STOCK"), *details),
    )


def _limit(error: StockLimitError) -> Refusal:
    details = (reason("STOCK_LIMIT"), failed_precondition("STOCK", error.name, str(error)))
    return Refusal(code=grpc.StatusCode.FAILED_PRECONDITION, message=str(error), details=details)


def _state(error: ReservationStateError) -> Refusal:
    details = (reason("RESERVATION_STATE"), failed_precondition("STATE", error.name, str(error)))
    return Refusal(code=grpc.StatusCode.FAILED_PRECONDITION, message=str(error), details=details)


ERRORS: ErrorTable = {
    StockNotFoundError: lambda error: missing("shop.inventory.v1.Stock", error.name),
    ReservationNotFoundError: lambda error: missing("shop.inventory.v1.Reservation", error.name),
    InsufficientStockError: _insufficient,
    ReservationStateError: _state,
    StockLimitError: _limit,
}


class InventoryServicer(inventory_pb2_grpc.InventoryServiceServicer):
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def GetStock(
        self, request: inventory_pb2.GetStockRequest, context: Context
    ) -> inventory_pb2.GetStockResponse:
        async with reading(self._engine).connect() as connection:
            found = await InventoryStore(connection).stock_of(request.name.removeprefix("stock/"))
        return inventory_pb2.GetStockResponse(stock=_stock_message(found))

    async def AddStock(
        self, request: inventory_pb2.AddStockRequest, context: Context
    ) -> inventory_pb2.AddStockResponse:
        async def add(store: InventoryStore) -> inventory_pb2.AddStockResponse:
            found = await store.add(request.name.removeprefix("stock/"), request.quantity)
            return inventory_pb2.AddStockResponse(stock=_stock_message(found))

        return await self._once(request, inventory_pb2.AddStockResponse, add)

    async def Reserve(self, request: inventory_pb2.ReserveRequest, context: Context) -> inventory_pb2.ReserveResponse:
        lines = [Line(product=line.product.removeprefix("products/"), quantity=line.quantity) for line in request.lines]

        async def reserve(store: InventoryStore) -> inventory_pb2.ReserveResponse:
            found = await store.reserve(_reservation_id(request.name), lines)
            return inventory_pb2.ReserveResponse(reservation=_reservation_message(found))

        return await self._once(request, inventory_pb2.ReserveResponse, reserve)

    async def Commit(self, request: inventory_pb2.CommitRequest, context: Context) -> inventory_pb2.CommitResponse:
        async def commit(store: InventoryStore) -> inventory_pb2.CommitResponse:
            found = await store.commit(_reservation_id(request.name))
            return inventory_pb2.CommitResponse(reservation=_reservation_message(found))

        return await self._once(request, inventory_pb2.CommitResponse, commit)

    async def Release(self, request: inventory_pb2.ReleaseRequest, context: Context) -> inventory_pb2.ReleaseResponse:
        async def release(store: InventoryStore) -> inventory_pb2.ReleaseResponse:
            found = await store.release(_reservation_id(request.name))
            return inventory_pb2.ReleaseResponse(reservation=_reservation_message(found))

        return await self._once(request, inventory_pb2.ReleaseResponse, release)

    async def _once(
        self, request: Message, answer_type: type[Answer], effect: Callable[[InventoryStore], Awaitable[Answer]]
    ) -> Answer:
        async with self._engine.begin() as connection:
            return await once(connection, request, answer_type, lambda: effect(InventoryStore(connection)))


def _reservation_id(name: str) -> str:
    return name.removeprefix("reservations/")


def _stock_message(found: Stock) -> inventory_pb2.Stock:
    return inventory_pb2.Stock(name=f"stock/{found.product}", available=found.available, reserved=found.reserved)


def _reservation_message(found: Reservation) -> inventory_pb2.Reservation:
    lines = [inventory_pb2.Line(product=f"products/{line.product}", quantity=line.quantity) for line in found.lines]
    return inventory_pb2.Reservation(name=f"reservations/{found.id}", lines=lines, state=STATES[found.state])
