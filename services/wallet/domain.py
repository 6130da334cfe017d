"""What an event of the ledger is, and which double entry it stands for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """A voided reference was refunded before any debit came: a debit that arrives late must find it."""

    DEPOSITED = "deposited"
    DEBITED = "debited"
    REFUNDED = "refunded"
    VOIDED = "voided"


BANK, SALES = "shop/bank", "shop/sales"
"""The shop's own accounts: where deposits come from and where debits go. No customer's id has a slash, so nobody can
name them."""
COUNTERPARTS = {EventKind.DEPOSITED: BANK, EventKind.DEBITED: SALES, EventKind.REFUNDED: SALES}
SIGNS = {EventKind.DEPOSITED: 1, EventKind.DEBITED: -1, EventKind.REFUNDED: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    minor_units: int
    currency_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer's account, by id."""

    id: str
    balance: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One side of an entry, as its account sees it."""

    number: int
    account: str
    reference: str
    amount: Money
    created: datetime


class AccountNotFoundError(Exception):
    """No account has this name."""

    def __init__(self, account: str) -> None:
        super().__init__(f"accounts/{account} does not exist")
        self.name = f"accounts/{account}"


class InsufficientFundsError(Exception):
    """The account holds less than is asked for."""

    def __init__(self, account: str, asked: Money, balance: Money) -> None:
        super().__init__(
            f"insufficient funds: accounts/{account} holds {balance.minor_units} {balance.currency_code},"
            f" {asked.minor_units} asked"
        )
        self.name = f"accounts/{account}"


class OtherCurrencyError(Exception):
    """The account is kept in another currency."""

    def __init__(self, account: str, kept: str, asked: str) -> None:
        super().__init__(f"accounts/{account} is kept in {kept}, not {asked}")
        self.name = f"accounts/{account}"


class ReferenceClosedError(Exception):
    """The reference was debited already, or was given back before."""

    def __init__(self, reference: str, kind: EventKind) -> None:
        super().__init__(f"{reference} is {kind} already")
        self.reference = reference


def postings_of(kind: EventKind, account: str, minor_units: int) -> list[tuple[str, int]]:
    """Both sides of an event, (account, signed minor units); together they are 0. None for a voided reference."""
    if kind is EventKind.VOIDED:
        return []
    signed = SIGNS[kind] * minor_units
    return [(account, signed), (COUNTERPARTS[kind], -signed)]
