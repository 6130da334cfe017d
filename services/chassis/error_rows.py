"""The rows every service's table of errors has."""

import grpc
from sqlalchemy.exc import OperationalError

from services.chassis.errors import ErrorTable, Refusal, reason, violated_fields
from services.chassis.idempotency import RequestIdReusedError
from services.chassis.paging import PageTokenError


def _reused(error: RequestIdReusedError) -> Refusal:
    details = (reason("REQUEST_ID_REUSED", request_id=error.request_id),)
    return Refusal(code=grpc.StatusCode.ALREADY_EXISTS, message=str(error), details=details)


def _page_token(error: PageTokenError) -> Refusal:
    details = (violated_fields([("page_token", str(error))]),)
    return Refusal(code=grpc.StatusCode.INVALID_ARGUMENT, message=str(error), details=details)


def _database(_: OperationalError) -> Refusal:
    """Busy or unreachable, so worth another try; what the driver says is for the log, not for callers."""
    return Refusal(code=grpc.StatusCode.UNAVAILABLE, message="the database is not available")


SHARED_ROWS: ErrorTable = {
    RequestIdReusedError: _reused,
    PageTokenError: _page_token,
    OperationalError: _database,
}
