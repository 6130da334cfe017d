"""How the service's exceptions are said to callers."""

from services.chassis.errors import ErrorTable, missing
from services.orders.domain import OrderNotFoundError

ERRORS: ErrorTable = {
    OrderNotFoundError: lambda error: missing("shop.orders.v1.Order", error.name),
}
