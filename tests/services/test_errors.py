"""The tables of errors, row by row: which status and which `google.rpc` details a caller gets."""

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, ResourceInfo
from sqlalchemy.exc import OperationalError

from services.catalog.domain import ProductNotFoundError
from services.chassis.error_rows import SHARED_ROWS
from services.chassis.errors import DOMAIN, ErrorTable, Refusal, failed_precondition, reason, refusal_for
from services.chassis.idempotency import RequestIdReusedError
from services.chassis.paging import PageTokenError
from services.inventory.domain import (
    InsufficientStockError,
    Reservation,
    ReservationNotFoundError,
    ReservationState,
    ReservationStateError,
    StockLimitError,
    StockNotFoundError,
)
from services.orders.domain import OrderNotFoundError
from services.shipping.domain import CountryNotServedError, ShipmentNotFoundError
from services.wallet.domain import (
    AccountNotFoundError,
    EventKind,
    InsufficientFundsError,
    Money,
    OtherCurrencyError,
    ReferenceClosedError,
)
from tests.services.running import NAMES, program_of

NOT_FOUND, REFUSED = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION
Row = tuple[Exception, grpc.StatusCode, str, tuple[Message, ...]]
LIMIT_SAID = "stock/moon counts at most 2147483647 units, reserved ones included"
PAGE_SAID = "page_token '!' is not one this method has given"


def resource(kind: str, name: str) -> tuple[Message, ...]:
    return (ResourceInfo(resource_type=kind, resource_name=name),)


SHARED: tuple[Row, ...] = (
    (
        RequestIdReusedError("7"),
        grpc.StatusCode.ALREADY_EXISTS,
        "request_id 7 was used before, with other content",
        (ErrorInfo(reason="REQUEST_ID_REUSED", domain=DOMAIN, metadata={"request_id": "7"}),),
    ),
    (
        PageTokenError("!"),
        grpc.StatusCode.INVALID_ARGUMENT,
        PAGE_SAID,
        (BadRequest(field_violations=[BadRequest.FieldViolation(field="page_token", description=PAGE_SAID)]),),
    ),
    (
        OperationalError("SELECT secret", {}, Exception("database is locked")),
        grpc.StatusCode.UNAVAILABLE,
        "the database is not available",
        (),
    ),
)
CATALOG: tuple[Row, ...] = (
    (
        ProductNotFoundError("products/moon"),
        NOT_FOUND,
        "products/moon does not exist",
        resource("shop.catalog.v1.Product", "products/moon"),
    ),
)
HELD = Reservation(id="1", lines=(), state=ReservationState.COMMITTED)
STATE_SAID = "reservations/1 is committed and cannot become released"
INVENTORY: tuple[Row, ...] = (
    (
        StockLimitError("moon"),
        REFUSED,
        LIMIT_SAID,
        (reason("STOCK_LIMIT"), failed_precondition("STOCK", "stock/moon", LIMIT_SAID)),
    ),
    (
        StockNotFoundError("moon"),
        NOT_FOUND,
        "stock/moon does not exist",
        resource("shop.inventory.v1.Stock", "stock/moon"),
    ),
    (
        ReservationNotFoundError("1"),
        NOT_FOUND,
        "reservations/1 does not exist",
        resource("shop.inventory.v1.Reservation", "reservations/1"),
    ),
    (
        InsufficientStockError([("lamp", 3, 2), ("pen", 5, 0)]),
        REFUSED,
        "insufficient stock: products/lamp: 3 asked, 2 left, products/pen: 5 asked, 0 left",
        (
            reason("INSUFFICIENT_STOCK"),
            failed_precondition("STOCK", "products/lamp", "3 asked, 2 left"),
            failed_precondition("STOCK", "products/pen", "5 asked, 0 left"),
        ),
    ),
    (
        ReservationStateError(HELD, ReservationState.RELEASED),
        REFUSED,
        STATE_SAID,
        (reason("RESERVATION_STATE"), failed_precondition("STATE", "reservations/1", STATE_SAID)),
    ),
)
FUNDS_SAID = "insufficient funds: accounts/ada holds 10 EUR, 20 asked"
CURRENCY_SAID = "accounts/ada is kept in EUR, not USD"
CLOSED_SAID = "orders/1 is voided already"
WALLET: tuple[Row, ...] = (
    (
        AccountNotFoundError("ada"),
        NOT_FOUND,
        "accounts/ada does not exist",
        resource("shop.wallet.v1.Account", "accounts/ada"),
    ),
    (
        InsufficientFundsError(
            "ada", Money(minor_units=20, currency_code="EUR"), Money(minor_units=10, currency_code="EUR")
        ),
        REFUSED,
        FUNDS_SAID,
        (reason("INSUFFICIENT_FUNDS"), failed_precondition("FUNDS", "accounts/ada", FUNDS_SAID)),
    ),
    (
        OtherCurrencyError("ada", "EUR", "USD"),
        REFUSED,
        CURRENCY_SAID,
        (reason("OTHER_CURRENCY"), failed_precondition("CURRENCY", "accounts/ada", CURRENCY_SAID)),
    ),
    (
        ReferenceClosedError("orders/1", EventKind.VOIDED),
        REFUSED,
        CLOSED_SAID,
        (reason("REFERENCE_CLOSED"), failed_precondition("REFERENCE", "orders/1", CLOSED_SAID)),
    ),
)
ORDERS: tuple[Row, ...] = (
    (
        OrderNotFoundError("orders/1"),
        NOT_FOUND,
        "orders/1 does not exist",
        resource("shop.orders.v1.Order", "orders/1"),
    ),
)
SERVED_SAID = "the shop does not deliver to AQ"
SHIPPING: tuple[Row, ...] = (
    (
        ShipmentNotFoundError("1"),
        NOT_FOUND,
        "shipments/1 does not exist",
        resource("shop.shipping.v1.Shipment", "shipments/1"),
    ),
    (
        CountryNotServedError("AQ"),
        REFUSED,
        SERVED_SAID,
        (
            ErrorInfo(reason="COUNTRY_NOT_SERVED", domain=DOMAIN, metadata={"country_code": "AQ"}),
            failed_precondition("COUNTRY", "AQ", SERVED_SAID),
        ),
    ),
)
TABLES: dict[str, tuple[ErrorTable, tuple[Row, ...]]] = {
    "chassis": (SHARED_ROWS, SHARED),
    "catalog": (program_of("catalog").errors, CATALOG),
    "inventory": (program_of("inventory").errors, INVENTORY),
    "wallet": (program_of("wallet").errors, WALLET),
    "orders": (program_of("orders").errors, ORDERS),
    "shipping": (program_of("shipping").errors, SHIPPING),
}
ROWS = [
    pytest.param(table, row, id=f"{name}-{type(row[0]).__name__}")
    for name, (table, rows) in TABLES.items()
    for row in rows
]


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_an_error_is_said_with_its_status_and_details(table: ErrorTable, row: Row) -> None:
    error, code, message, details = row
    assert refusal_for(error, table) == Refusal(code=code, message=message, details=details)


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_every_table_is_tested(name: str) -> None:
    table, rows = TABLES[name]
    assert {type(error) for error, *_ in rows} == set(table)


def test_every_service_has_a_table() -> None:
    assert set(TABLES) == {"chassis", *NAMES}


def test_a_kind_of_a_known_error_is_said_as_that_and_any_other_error_is_a_bug() -> None:
    class OtherPageTokenError(PageTokenError):
        pass

    refusal = refusal_for(OtherPageTokenError("!"), SHARED_ROWS)
    assert refusal is not None
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal_for(ValueError("!"), SHARED_ROWS) is None
