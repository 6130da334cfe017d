"""OrderService on gRPC. Enters: requests the contract has checked. Leaves: answers; domain errors as they are, for the
table of errors. Never: a rule of the domain."""

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from shop.orders.v1 import orders_pb2, orders_pb2_grpc

from services.chassis.idempotency import RequestIdReusedError
from services.chassis.paging import PageTokenError, decode_token, encode_token, page_size
from services.orders.domain import (
    Address,
    CancelReason,
    Order,
    OrderLine,
    OrderState,
    Placement,
    RequestedLine,
)
from services.orders.durable import DurableSagas
from services.orders.messages import address_message, money_message
from services.orders.store import OrderStore

PlaceOrderContext = grpc.aio.ServicerContext[orders_pb2.PlaceOrderRequest, orders_pb2.PlaceOrderResponse]
GetOrderContext = grpc.aio.ServicerContext[orders_pb2.GetOrderRequest, orders_pb2.GetOrderResponse]
ListOrdersContext = grpc.aio.ServicerContext[orders_pb2.ListOrdersRequest, orders_pb2.ListOrdersResponse]

STATES = {
    OrderState.PENDING: orders_pb2.ORDER_STATE_PENDING,
    OrderState.CONFIRMED: orders_pb2.ORDER_STATE_CONFIRMED,
    OrderState.CANCELLED: orders_pb2.ORDER_STATE_CANCELLED,
}
CANCEL_REASONS = {
    None: orders_pb2.CANCEL_REASON_UNSPECIFIED,
    CancelReason.INSUFFICIENT_STOCK: orders_pb2.CANCEL_REASON_INSUFFICIENT_STOCK,
    CancelReason.INSUFFICIENT_FUNDS: orders_pb2.CANCEL_REASON_INSUFFICIENT_FUNDS,
    CancelReason.SHIPPING_REFUSED: orders_pb2.CANCEL_REASON_SHIPPING_REFUSED,
    CancelReason.UNAVAILABLE: orders_pb2.CANCEL_REASON_UNAVAILABLE,
    CancelReason.NOT_SOLD: orders_pb2.CANCEL_REASON_NOT_SOLD,
}


class OrderServicer(orders_pb2_grpc.OrderServiceServicer):
    def __init__(self, store: OrderStore, sagas: DurableSagas) -> None:
        self._store = store
        self._sagas = sagas

    async def PlaceOrder(
        self, request: orders_pb2.PlaceOrderRequest, context: PlaceOrderContext
    ) -> orders_pb2.PlaceOrderResponse:
        placement = placement_of(request)
        await self._refuse_other_content(placement)
        await self._sagas.place(placement)
        # Again, for two requests at once with one id: the saga is that of the first.
        await self._refuse_other_content(placement)
        return orders_pb2.PlaceOrderResponse(order=order_message(await self._store.get(placement.name)))

    async def GetOrder(
        self, request: orders_pb2.GetOrderRequest, context: GetOrderContext
    ) -> orders_pb2.GetOrderResponse:
        return orders_pb2.GetOrderResponse(order=order_message(await self._store.get(request.name)))

    async def ListOrders(
        self, request: orders_pb2.ListOrdersRequest, context: ListOrdersContext
    ) -> orders_pb2.ListOrdersResponse:
        size = page_size(request.page_size)
        after = await self._page_start(request)
        orders = await self._store.list_of_account(request.account, limit=size + 1, after=after)
        page = orders[:size]
        return orders_pb2.ListOrdersResponse(
            orders=[order_message(order) for order in page],
            next_page_token=encode_token(page[-1].placement.name) if len(orders) > size else "",
        )

    async def _page_start(self, request: orders_pb2.ListOrdersRequest) -> Order | None:
        if not request.page_token:
            return None
        order = await self._store.find(decode_token(request.page_token))
        if order is None or order.placement.account != request.account:
            raise PageTokenError(request.page_token)
        return order

    async def _refuse_other_content(self, placement: Placement) -> None:
        order = await self._store.find(placement.name)
        if order is not None and order.placement != placement:
            raise RequestIdReusedError(placement.order_id)


def placement_of(request: orders_pb2.PlaceOrderRequest) -> Placement:
    return Placement(
        # A UUID means the same in upper case, and names are in lower case.
        name=f"orders/{request.request_id.lower()}",
        account=request.account,
        lines=tuple(RequestedLine(product=line.product, quantity=line.quantity) for line in request.lines),
        address=Address(
            recipient=request.address.recipient,
            street=request.address.street,
            postal_code=request.address.postal_code,
            city=request.address.city,
            country_code=request.address.country_code,
        ),
    )


def order_message(order: Order) -> orders_pb2.Order:
    created, updated = Timestamp(), Timestamp()
    created.FromDatetime(order.created)
    updated.FromDatetime(order.updated)
    return orders_pb2.Order(
        name=order.placement.name,
        account=order.placement.account,
        state=STATES[order.state],
        lines=[_line_message(line) for line in order.lines],
        total=money_message(order.total) if order.total else None,
        address=address_message(order.placement.address),
        cancel_reason=CANCEL_REASONS[order.cancel_reason],
        cancel_message=order.cancel_message,
        shipment=order.placement.shipment if order.state is OrderState.CONFIRMED else "",
        create_time=created,
        update_time=updated,
    )


def _line_message(line: OrderLine) -> orders_pb2.OrderLine:
    return orders_pb2.OrderLine(
        product=line.product,
        title=line.title,
        quantity=line.quantity,
        unit_price=money_message(line.unit_price) if line.unit_price else None,
    )
