"""Money: what may be taken, what comes back, and that none is made or lost."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
import sqlalchemy as sa
from google.rpc.error_details_pb2 import ErrorInfo
from shop.type.v1 import money_pb2
from shop.wallet.v1 import wallet_pb2

from services.chassis.database import open_database
from tests.services.running import RefusedError, Running, running

ADA = "accounts/ada"
OPENING = 500_000


@pytest.fixture
async def wallet(tmp_path: Path, migrated_url: Callable[[str], str]) -> AsyncIterator[Running]:
    async with running("wallet", tmp_path, migrated_url("wallet")) as wallet:
        yield wallet


def money(units: int, currency: str = "EUR") -> money_pb2.Money:
    return money_pb2.Money(minor_units=units, currency_code=currency)


async def deposit(wallet: Running, units: int, account: str = ADA, currency: str = "EUR") -> Any:
    request = wallet_pb2.DepositRequest(name=account, amount=money(units, currency), request_id=str(uuid4()))
    return await wallet.call("Deposit", request)


async def debit(wallet: Running, units: int, reference: str = "orders/1", currency: str = "EUR") -> Any:
    return await wallet.call(
        "Debit",
        wallet_pb2.DebitRequest(name=ADA, amount=money(units, currency), reference=reference, request_id=str(uuid4())),
    )


async def refund(wallet: Running, reference: str = "orders/1", account: str = ADA) -> Any:
    request = wallet_pb2.RefundRequest(name=account, reference=reference, request_id=str(uuid4()))
    return await wallet.call("Refund", request)


async def balance(wallet: Running, account: str = ADA) -> int:
    found = await wallet.call("GetAccount", wallet_pb2.GetAccountRequest(name=account))
    return int(found.account.balance.minor_units)


async def postings(wallet: Running, account: str = ADA) -> list[tuple[str, int]]:
    found = await wallet.call("ListPostings", wallet_pb2.ListPostingsRequest(parent=account, page_size=200))
    return [(posting.reference, posting.amount.minor_units) for posting in found.postings]


async def sum_of_everything(wallet: Running) -> int:
    engine = open_database(wallet.settings.database_url)
    async with engine.connect() as connection:
        total = await connection.scalar(sa.text("SELECT sum(minor_units) FROM postings"))
    await engine.dispose()
    return int(total)


def reason_of(error: RefusedError) -> str:
    (info,) = (detail for detail in error.details if isinstance(detail, ErrorInfo))
    return str(info.reason)


async def test_a_deposit_opens_an_account_that_is_not_there(wallet: Running) -> None:
    with pytest.raises(RefusedError) as missing:
        await balance(wallet, "accounts/new")
    assert missing.value.code is grpc.StatusCode.NOT_FOUND
    await deposit(wallet, 250, "accounts/new", "JPY")
    found = await wallet.call("GetAccount", wallet_pb2.GetAccountRequest(name="accounts/new"))
    assert found.account.balance == money(250, "JPY")


async def test_what_is_debited_is_gone_and_what_is_refunded_is_back(wallet: Running) -> None:
    await debit(wallet, 300)
    assert await balance(wallet) == OPENING - 300
    await refund(wallet)
    assert await balance(wallet) == OPENING
    assert (await postings(wallet))[1:] == [("orders/1", -300), ("orders/1", 300)]
    assert await sum_of_everything(wallet) == 0


async def test_an_account_can_be_emptied_and_not_overdrawn(wallet: Running) -> None:
    await debit(wallet, OPENING)
    assert await balance(wallet) == 0
    with pytest.raises(RefusedError) as refused:
        await debit(wallet, 1, "orders/2")
    assert (refused.value.code, reason_of(refused.value)) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "INSUFFICIENT_FUNDS",
    )
    assert await balance(wallet) == 0


async def test_a_refund_is_given_once(wallet: Running) -> None:
    await debit(wallet, 300)
    await refund(wallet)
    await refund(wallet)
    assert await balance(wallet) == OPENING


async def test_a_debit_that_comes_after_its_refund_takes_nothing(wallet: Running) -> None:
    await refund(wallet)
    with pytest.raises(RefusedError) as refused:
        await debit(wallet, 300)
    assert reason_of(refused.value) == "REFERENCE_CLOSED"
    assert await balance(wallet) == OPENING
    assert await sum_of_everything(wallet) == 0


async def test_a_reference_is_debited_once(wallet: Running) -> None:
    await debit(wallet, 300)
    with pytest.raises(RefusedError) as refused:
        await debit(wallet, 300)
    assert reason_of(refused.value) == "REFERENCE_CLOSED"
    assert await balance(wallet) == OPENING - 300


async def test_an_account_is_kept_in_one_currency(wallet: Running) -> None:
    for change in (deposit(wallet, 5, currency="USD"), debit(wallet, 5, currency="USD")):
        with pytest.raises(RefusedError) as refused:
            await change
        assert reason_of(refused.value) == "OTHER_CURRENCY"


@pytest.mark.parametrize("units", [0, -1, 10**12 + 1, 2**63 - 1])
async def test_an_amount_must_be_above_nothing_and_below_what_sums_can_hold(wallet: Running, units: int) -> None:
    for change in (deposit(wallet, units), debit(wallet, units)):
        with pytest.raises(RefusedError) as refused:
            await change
        assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("account", ["accounts/bank", "accounts/sales"])
async def test_nobody_can_name_the_shops_own_accounts(wallet: Running, account: str) -> None:
    await debit(wallet, 300)
    assert (await deposit(wallet, 5, account)).account.balance.minor_units == 5
    assert [units for _, units in await postings(wallet, account)] == [5]


async def test_a_posting_tells_its_place_and_time(wallet: Running) -> None:
    await deposit(wallet, 5)
    found = await wallet.call("ListPostings", wallet_pb2.ListPostingsRequest(parent=ADA))
    opening, added = found.postings
    assert opening.name.startswith("accounts/ada/postings/")
    assert opening.reference == "deposits/opening-ada"
    assert opening.create_time.seconds < added.create_time.seconds


async def test_postings_of_an_account_that_is_not_there_are_not_found(wallet: Running) -> None:
    with pytest.raises(RefusedError) as missing:
        await postings(wallet, "accounts/nobody")
    assert missing.value.code is grpc.StatusCode.NOT_FOUND
