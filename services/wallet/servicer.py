"""WalletService on gRPC."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from shop.type.v1 import money_pb2
from shop.wallet.v1 import wallet_pb2, wallet_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncEngine

from services.chassis.database import reading
from services.chassis.errors import ErrorTable, Refusal, failed_precondition, missing, reason
from services.chassis.idempotency import once
from services.chassis.paging import PageTokenError, decode_token, encode_token, page_size
from services.wallet.domain import (
    Account,
    AccountNotFoundError,
    InsufficientFundsError,
    Money,
    OtherCurrencyError,
    Posting,
    ReferenceClosedError,
)
from services.wallet.store import Ledger

Answer = TypeVar("Answer", bound=Message)
POSTING_NUMBER = re.compile("[0-9]{1,18}")
"""What a 64-bit column can hold, at least."""
Context = grpc.aio.ServicerContext[Any, Any]


def _insufficient(error: InsufficientFundsError) -> Refusal:
    details = (reason("INSUFFICIENT_FUNDS"), failed_precondition("FUNDS", error.name, str(error)))
    return Refusal(code=grpc.StatusCode.FAILED_PRECONDITION, message=str(error), details=details)


def _currency(error: OtherCurrencyError) -> Refusal:
    details = (reason("OTHER_CURRENCY"), failed_precondition("CURRENCY", error.name, str(error)))
    return Refusal(code=grpc.StatusCode.FAILED_PRECONDITION, message=str(error), details=details)


def _closed(error: ReferenceClosedError) -> Refusal:
    details = (reason("REFERENCE_CLOSED"), failed_precondition("REFERENCE", error.reference, str(error)))
    return Refusal(code=grpc.StatusCode.FAILED_PRECONDITION, message=str(error), details=details)


ERRORS: ErrorTable = {
    AccountNotFoundError: lambda error: missing("shop.wallet.v1.Account", error.name),
    InsufficientFundsError: _insufficient,
    OtherCurrencyError: _currency,
    ReferenceClosedError: _closed,
}


class WalletServicer(wallet_pb2_grpc.WalletServiceServicer):
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def GetAccount(
        self, request: wallet_pb2.GetAccountRequest, context: Context
    ) -> wallet_pb2.GetAccountResponse:
        async with reading(self._engine).connect() as connection:
            found = await Ledger(connection).account(_id(request.name))
        return wallet_pb2.GetAccountResponse(account=_account_message(found))

    async def ListPostings(
        self, request: wallet_pb2.ListPostingsRequest, context: Context
    ) -> wallet_pb2.ListPostingsResponse:
        size = page_size(request.page_size)
        start = _start(request.page_token)
        async with reading(self._engine).connect() as connection:
            found = await Ledger(connection).postings_after(_id(request.parent), start, size + 1)
        page = found[:size]
        return wallet_pb2.ListPostingsResponse(
            postings=map(_posting_message, page),
            next_page_token=encode_token(str(page[-1].number)) if len(found) > size else "",
        )

    async def Deposit(self, request: wallet_pb2.DepositRequest, context: Context) -> wallet_pb2.DepositResponse:
        async def deposit(ledger: Ledger) -> wallet_pb2.DepositResponse:
            reference = f"deposits/{request.request_id.lower()}"
            found = await ledger.deposit(_id(request.name), _money(request.amount), reference)
            return wallet_pb2.DepositResponse(account=_account_message(found))

        return await self._once(request, wallet_pb2.DepositResponse, deposit)

    async def Debit(self, request: wallet_pb2.DebitRequest, context: Context) -> wallet_pb2.DebitResponse:
        async def debit(ledger: Ledger) -> wallet_pb2.DebitResponse:
            found = await ledger.debit(_id(request.name), _money(request.amount), request.reference)
            return wallet_pb2.DebitResponse(account=_account_message(found))

        return await self._once(request, wallet_pb2.DebitResponse, debit)

    async def Refund(self, request: wallet_pb2.RefundRequest, context: Context) -> wallet_pb2.RefundResponse:
        async def refund(ledger: Ledger) -> wallet_pb2.RefundResponse:
            found = await ledger.refund(_id(request.name), request.reference)
            return wallet_pb2.RefundResponse(account=_account_message(found))

        return await self._once(request, wallet_pb2.RefundResponse, refund)

    async def _once(
        self, request: Message, answer_type: type[Answer], effect: Callable[[Ledger], Awaitable[Answer]]
    ) -> Answer:
        async with self._engine.begin() as connection:
            return await once(connection, request, answer_type, lambda: effect(Ledger(connection)))


def _start(token: str) -> int:
    """The number of the posting a page begins behind. Raises PageTokenError."""
    start = decode_token(token) or "0"
    if POSTING_NUMBER.fullmatch(start) is None:
        raise PageTokenError(token)
    return int(start)


def _id(name: str) -> str:
    return name.removeprefix("accounts/")


def _money(amount: money_pb2.Money) -> Money:
    return Money(minor_units=amount.minor_units, currency_code=amount.currency_code)


def _money_message(amount: Money) -> money_pb2.Money:
    return money_pb2.Money(minor_units=amount.minor_units, currency_code=amount.currency_code)


def _account_message(account: Account) -> wallet_pb2.Account:
    return wallet_pb2.Account(name=f"accounts/{account.id}", balance=_money_message(account.balance))


def _posting_message(posting: Posting) -> wallet_pb2.Posting:
    created = Timestamp()
    created.FromDatetime(posting.created)
    return wallet_pb2.Posting(
        name=f"accounts/{posting.account}/postings/{posting.number}",
        reference=posting.reference,
        amount=_money_message(posting.amount),
        create_time=created,
    )
