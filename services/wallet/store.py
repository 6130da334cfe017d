"""Where the ledger is kept: events are only ever added, balances are the sum of postings."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.idempotency import request_table
from services.wallet.domain import (
    Account,
    AccountNotFoundError,
    EventKind,
    InsufficientFundsError,
    Money,
    OtherCurrencyError,
    Posting,
    ReferenceClosedError,
    postings_of,
)

metadata = sa.MetaData()
request_table(metadata)
accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("currency_code", sa.String(3), nullable=False),
)
events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("account", sa.String(63), nullable=False),
    sa.Column("reference", sa.String(80), nullable=False),
    sa.Column("minor_units", sa.BigInteger, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("reference", "kind", name="one_event_of_a_kind"),
)
postings = sa.Table(
    "postings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("event", sa.Integer, sa.ForeignKey("events.id"), nullable=False),
    sa.Column("account", sa.String(63), nullable=False),
    sa.Column("minor_units", sa.BigInteger, nullable=False),
    sa.Index("postings_of_account", "account", "id"),
)
Clock = Callable[[], datetime]


def now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """Works inside the transaction of the connection it is given."""

    def __init__(self, connection: AsyncConnection, clock: Clock = now) -> None:
        self._connection = connection
        self._clock = clock

    async def account(self, account: str) -> Account:
        """Raises AccountNotFoundError. Holds the account's row until the transaction ends, where rows can be held."""
        query = sa.select(accounts.c.currency_code).where(accounts.c.id == account).with_for_update()
        currency_code = await self._connection.scalar(query)
        if currency_code is None:
            raise AccountNotFoundError(account)
        total = sa.select(sa.func.coalesce(sa.func.sum(postings.c.minor_units), 0)).where(postings.c.account == account)
        units = int(await self._connection.scalar(total) or 0)
        return Account(id=account, balance=Money(minor_units=units, currency_code=currency_code))

    async def deposit(self, account: str, amount: Money, reference: str) -> Account:
        """Opens the account if there is none. Raises OtherCurrencyError."""
        known = await self._connection.scalar(sa.select(accounts.c.id).where(accounts.c.id == account))
        if known is None:
            await self._connection.execute(accounts.insert(), {"id": account, "currency_code": amount.currency_code})
        await self._in_currency(account, amount)
        return await self._record(EventKind.DEPOSITED, account, reference, amount.minor_units)

    async def debit(self, account: str, amount: Money, reference: str) -> Account:
        """Raises AccountNotFoundError, OtherCurrencyError, InsufficientFundsError, ReferenceClosedError."""
        found = await self._in_currency(account, amount)
        for event in await self._events_of(reference):
            raise ReferenceClosedError(reference, event[0])
        if found.balance.minor_units < amount.minor_units:
            raise InsufficientFundsError(account, amount, found.balance)
        return await self._record(EventKind.DEBITED, account, reference, amount.minor_units)

    async def refund(self, account: str, reference: str) -> Account:
        """Gives a debit back, once; a reference that was never debited is closed. Raises AccountNotFoundError."""
        known = dict(await self._events_of(reference))
        if EventKind.REFUNDED in known or EventKind.VOIDED in known:
            return await self.account(account)
        if EventKind.DEBITED not in known:
            return await self._record(EventKind.VOIDED, account, reference, 0)
        return await self._record(EventKind.REFUNDED, account, reference, known[EventKind.DEBITED])

    async def postings_after(self, account: str, number: int, limit: int) -> list[Posting]:
        """At most `limit`, oldest first. Raises AccountNotFoundError."""
        currency_code = (await self.account(account)).balance.currency_code
        query = (
            sa.select(postings.c.id, postings.c.minor_units, events.c.reference, events.c.created_us)
            .join(events, events.c.id == postings.c.event)
            .where(postings.c.account == account, postings.c.id > number)
            .order_by(postings.c.id)
            .limit(limit)
        )
        return [
            Posting(
                number=row.id,
                account=account,
                reference=row.reference,
                amount=Money(minor_units=row.minor_units, currency_code=currency_code),
                created=datetime.fromtimestamp(row.created_us / 1_000_000, UTC),
            )
            for row in await self._connection.execute(query)
        ]

    async def _in_currency(self, account: str, amount: Money) -> Account:
        found = await self.account(account)
        if found.balance.currency_code != amount.currency_code:
            raise OtherCurrencyError(account, found.balance.currency_code, amount.currency_code)
        return found

    async def _events_of(self, reference: str) -> Sequence[tuple[EventKind, int]]:
        query = sa.select(events.c.kind, events.c.minor_units).where(events.c.reference == reference)
        return [(EventKind(row.kind), row.minor_units) for row in await self._connection.execute(query)]

    async def _record(self, kind: EventKind, account: str, reference: str, minor_units: int) -> Account:
        row = {
            "kind": kind.value,
            "account": account,
            "reference": reference,
            "minor_units": minor_units,
            "created_us": int(self._clock().timestamp() * 1_000_000),
        }
        event = (await self._connection.execute(events.insert().values(row).returning(events.c.id))).scalar_one()
        for side, signed in postings_of(kind, account, minor_units):
            await self._connection.execute(postings.insert(), {"event": event, "account": side, "minor_units": signed})
        return await self.account(account)
